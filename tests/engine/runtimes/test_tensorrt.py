"""TensorRT's three generations, as doubles with their published signatures that compute in ONNX Runtime."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from engine.runtimes.runtime import (
    DeviceLostError,
    GpuError,
    NoGpuError,
    OutOfMemoryError,
    Pixels,
    Runtime,
    Tensors,
)
from engine.runtimes.tensorrt import driver
from engine.runtimes.tensorrt.parity import compare_detections, compare_readings
from engine.runtimes.tensorrt.plans import PlanError
from engine.runtimes.tensorrt.synthetic_faces import synthetic_crops
from tests.engine.runtimes.accelerating import Doubles, cards, doubled, onnx_detector, onnx_resnets

CROPS_A_BATCH = (64, 16, 4)


@pytest.fixture(params=["8.6", "10", "11"])
def each_version(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doubles]:
    with doubled(monkeypatch, request.param) as doubles:
        yield doubles


@pytest.fixture
def doubles(monkeypatch: pytest.MonkeyPatch) -> Iterator[Doubles]:
    with doubled(monkeypatch, "11") as doubles:
        yield doubles


def test_a_plan_is_built_by_the_calls_of_each_version(each_version: Doubles, tmp_path: Path) -> None:
    each_version.build_into(tmp_path, "emotion")
    major = each_version.tensorrt.__version__.partition(".")[0]
    strong = major != "8"
    assert each_version.called("create_network") == [({"8": 0b01, "10": 0b11, "11": 0b01}[major],)]
    assert each_version.called("set_flag") == ([] if strong else [("FP16",)])
    assert each_version.called("clear_flag") == [("TF32",)]
    ((opset, types),) = each_version.called("parse")
    assert opset <= (18 if strong else 17)
    assert ("FLOAT16" in types) == strong
    ((built_strong, flags),) = each_version.called("build")
    assert (built_strong, flags) == (strong, frozenset() if strong else {"FP16"})


def test_plans_of_each_version_read_what_onnx_runtime_reads(each_version: Doubles, tmp_path: Path) -> None:
    plans = each_version.build_into(tmp_path, "keypoints", "emotion", "detector")
    gpu = each_version.engine["gpu"].Gpu()
    compare_readings(gpu.load_resnets(plans), onnx_resnets(), cards()["emotion"].temperature).check()
    compare_detections(gpu.load_detector(plans), onnx_detector(), cards()["detector"].threshold).check()
    gpu.close()
    assert not each_version.gpu.memory
    assert not each_version.gpu.graphs
    assert each_version.gpu.entered == 0


def read(pool: Runtime, crops: np.ndarray) -> Tensors:
    return pool.run({"crops": crops})


@pytest.fixture
def pool(doubles: Doubles, tmp_path: Path) -> Runtime:
    plans = doubles.build_into(tmp_path, "keypoints", "emotion")
    pool: Runtime = doubles.engine["gpu"].Gpu().load_resnets(plans)
    return pool


@pytest.mark.parametrize("count", [1, 4, 5, 64, 65, 150])
def test_any_number_of_crops_comes_back_in_order(pool: Runtime, count: int) -> None:
    crops = synthetic_crops(10)[np.arange(count) % 10]
    ours, theirs = read(pool, crops), onnx_resnets().run({"crops": crops[:10]})
    for name in ("keypoints", "logits"):
        assert len(ours[name]) == count
        assert np.abs(ours[name] - theirs[name][np.arange(count) % len(crops[:10])]).max() < 0.1


def test_threads_that_run_at_once_get_their_own_results(pool: Runtime) -> None:
    """Two threads, as for the detector of a recording."""
    crops = synthetic_crops(10)
    batches = [crops[first : first + 4] for first in (0, 3, 6)] * 4
    alone = [read(pool, each)["logits"] for each in batches]
    with ThreadPoolExecutor(3) as threads:
        together = [found["logits"] for found in threads.map(lambda each: read(pool, each), batches)]
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_nothing_is_allocated_for_a_batch_and_each_starts_as_one_graph(
    doubles: Doubles, pool: Runtime
) -> None:
    before = doubles.gpu.allocations
    for count in (3, 64, 130):
        read(pool, synthetic_crops(count))
    assert doubles.gpu.allocations == before
    assert doubles.gpu.launches == 1 + 1 + 3


@pytest.mark.parametrize("hasty", [False, True])
def test_crops_are_uploaded_once_for_both_networks(
    doubles: Doubles, pool: Runtime, hasty: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubles.gpu.hasty = hasty
    monkeypatch.setattr(doubles.cuda.Driver, "cuGraphLaunch", lambda *_: 1)  # step by step
    uploaded: list[int] = []
    copy = doubles.cuda.memcpy_htod_async

    def counted(target: object, source: np.ndarray, stream: object) -> None:
        uploaded.append(source.nbytes)
        copy(target, source, stream)

    monkeypatch.setattr(doubles.cuda, "memcpy_htod_async", counted)
    ours, theirs = read(pool, synthetic_crops(9)), onnx_resnets().run({"crops": synthetic_crops(9)})
    assert uploaded == [16 * 96 * 96]  # as bytes, in the next size up
    assert all(np.abs(ours[name] - theirs[name]).max() < 0.1 for name in theirs)


def test_frames_of_any_shape_go_through_one_pair_of_lanes(doubles: Doubles, tmp_path: Path) -> None:
    plans = doubles.build_into(tmp_path, "detector")
    pool = doubles.engine["gpu"].Gpu().load_detector(plans)
    before = doubles.gpu.allocations
    for shape, count in (((96, 160), 18), ((64, 64), 1), ((96, 160), 2)):
        frames = np.random.default_rng(1).integers(0, 256, (count, 1, *shape)).astype(np.float32)
        ours, theirs = pool.run({"frames": frames}), onnx_detector().run({"frames": frames})
        assert all(np.abs(ours[name] - theirs[name]).max() < 0.05 for name in theirs)
    assert doubles.gpu.allocations == before


def test_memory_that_does_not_suffice_makes_batches_smaller(
    doubles: Doubles, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plans = doubles.build_into(tmp_path, "keypoints", "emotion")
    doubles.gpu.room = 500_000  # a batch of 64 has 590 kB of pixels
    pool = doubles.engine["gpu"].Gpu().load_resnets(plans)
    assert "out of GPU memory" in caplog.text or "out of memory" in caplog.text
    assert "batches of at most 16 crops" in caplog.text
    assert len(read(pool, synthetic_crops(40))["logits"]) == 40


def test_memory_that_runs_out_in_between_loses_no_batch(
    doubles: Doubles, pool: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch: Callable[..., int] = doubles.cuda.Driver.cuGraphLaunch
    failing = iter([True])

    def short_once(self: object, executable: object, stream: object) -> int:
        if next(failing, False):
            raise doubles.cuda.MemoryError("cuGraphLaunch failed: out of memory")
        return launch(self, executable, stream)

    monkeypatch.setattr(doubles.cuda.Driver, "cuGraphLaunch", short_once)
    crops = synthetic_crops(70)
    assert np.abs(read(pool, crops)["logits"] - onnx_resnets().run({"crops": crops})["logits"]).max() < 0.05


def test_too_little_memory_for_the_smallest_batch_is_an_error(doubles: Doubles, tmp_path: Path) -> None:
    plans = doubles.build_into(tmp_path, "keypoints", "emotion")
    doubles.gpu.room = 1000
    with pytest.raises(OutOfMemoryError, match="out of memory"):
        doubles.engine["gpu"].Gpu().load_resnets(plans)


def test_a_lost_gpu_is_distinguished_from_a_plan_that_fails(doubles: Doubles, pool: Runtime) -> None:
    doubles.tensorrt.ICudaEngine.fails = "Error Code 1: Cuda Runtime (invalid argument)"
    doubles.gpu.graphs.clear()
    with pytest.raises(GpuError) as failed:
        unrecorded(doubles, pool)
    assert type(failed.value) is PlanError
    assert "invalid argument" in str(failed.value)
    doubles.gpu.lost = True
    with pytest.raises(DeviceLostError, match="unspecified launch failure"):
        unrecorded(doubles, pool)


def unrecorded(doubles: Doubles, pool: Runtime) -> None:
    """Reads a crop with the graphs refused."""
    doubles.cuda.Driver.cuGraphLaunch = lambda *_: 1
    read(pool, synthetic_crops(1))


def test_a_plan_that_tensorrt_does_not_load_is_refused(doubles: Doubles) -> None:
    gpu = doubles.engine["gpu"].Gpu()
    with pytest.raises(PlanError, match="not a plan of this version"):
        gpu.load_resnets({"keypoints": b"foreign", "emotion": b"foreign"})


def test_where_graphs_cannot_be_recorded_work_is_started_step_by_step(
    doubles: Doubles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doubles.cuda.Driver, "cuStreamBeginCapture_v2", lambda *_: 900)
    plans = doubles.build_into(tmp_path, "keypoints", "emotion")
    pool = doubles.engine["gpu"].Gpu().load_resnets(plans)
    compare_readings(pool, onnx_resnets(), cards()["emotion"].temperature).check()
    assert doubles.gpu.launches == 0


def test_the_driver_is_checked_before_anything_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "LIBRARY", "libcuda.so.none")
    with pytest.raises(NoGpuError, match="no NVIDIA driver"):
        driver.check_gpu()


def test_a_driver_without_a_gpu_is_none(doubles: Doubles, monkeypatch: pytest.MonkeyPatch) -> None:
    driver.check_gpu()
    monkeypatch.setattr(driver, "_library", lambda: doubles.cuda.Driver(devices=0))
    with pytest.raises(NoGpuError, match="shows no GPU"):
        driver.check_gpu()


def test_missing_libraries_are_named(doubles: Doubles) -> None:
    with pytest.raises(NoGpuError, match="tensorrt_none missing"):
        driver.check_gpu(("pycuda", "tensorrt_none"))


def test_parity_refuses_nan() -> None:
    class Silent:
        def run(self, inputs: Mapping[str, Pixels]) -> Tensors:
            results = onnx_resnets().run(inputs)
            return results | {"logits": np.full_like(results["logits"], np.nan)}

    with pytest.raises(PlanError, match="differ by nan"):
        compare_readings(Silent(), onnx_resnets(), 1.0).check()


def test_parity_refuses_faces_that_are_missing() -> None:
    class Blind:
        def run(self, inputs: Mapping[str, Pixels]) -> Tensors:
            results = onnx_detector().run(inputs)
            return results | {"score": np.zeros_like(results["score"])}

    with pytest.raises(PlanError, match=r"IoU of 0\.000"):
        compare_detections(Blind(), onnx_detector(), cards()["detector"].threshold).check()
