"""On a real GPU, with the real TensorRT: `pytest -m gpu`. Without one, these tests are not selected."""

import resource
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.runtimes.runtime import NoGpuError, OutOfMemoryError
from engine.runtimes.tensorrt.accelerator import TensorRTAccelerator
from engine.runtimes.tensorrt.driver import check_gpu
from engine.runtimes.tensorrt.parity import compare_detections, compare_readings
from engine.runtimes.tensorrt.plans import SUFFIX
from engine.runtimes.tensorrt.synthetic_faces import synthetic_crops, synthetic_frames
from tests.engine.runtimes.accelerating import accelerated, cards, onnx_detector, onnx_resnets
from tests.waiting import until

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(3600)]

NETWORKS = ("keypoints", "emotion", "detector")
BUILDS = 1800.0  # seconds for building three plans
LOADS = 120.0  # seconds for loading three plans
LOAD = 600.0  # seconds of load
WARM = 20.0  # seconds until the memory must not grow any more
GROWTH = 32 * 1024 * 1024  # bytes that are allowed, of the host and of the GPU


@pytest.fixture(scope="module", autouse=True)
def gpu() -> None:
    try:
        check_gpu()
    except NoGpuError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def plans(gpu: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with all three plans."""
    folder = tmp_path_factory.mktemp("plans")
    with accelerated(folder, *NETWORKS) as accelerator:
        serves_within(accelerator, BUILDS)
    assert len(list(folder.glob(f"*{SUFFIX}"))) == len(NETWORKS)
    return folder


@pytest.fixture
def serving(plans: Path) -> Iterator[TensorRTAccelerator]:
    with accelerated(plans, *NETWORKS) as accelerator:
        serves_within(accelerator, LOADS)
        yield accelerator


def serves_within(accelerator: TensorRTAccelerator, seconds: float) -> None:
    until(
        lambda: accelerator.status.startswith("TensorRT serves"), seconds, f"TensorRT: {accelerator.status}"
    )


def free_memory() -> int:
    """Return the free bytes of the GPU memory."""
    import pycuda.driver

    from engine.runtimes.tensorrt.device import Device

    with Device().entered():
        free, _ = pycuda.driver.mem_get_info()
    return int(free)


def test_plans_read_what_onnx_runtime_reads(serving: TensorRTAccelerator) -> None:
    compare_readings(serving.resnets, onnx_resnets(), cards()["emotion"].temperature).check()
    compare_detections(serving.detector, onnx_detector(), cards()["detector"].threshold).check()


@pytest.mark.parametrize("count", [1, 4, 5, 16, 17, 64, 65, 200])
def test_crops_come_back_in_order(serving: TensorRTAccelerator, count: int) -> None:
    crops = synthetic_crops(count)
    ours, theirs = serving.resnets.run({"crops": crops}), onnx_resnets().run({"crops": crops})
    assert np.abs(ours["logits"] - theirs["logits"]).max() < 0.05
    assert np.abs(ours["keypoints"] - theirs["keypoints"]).max() < 0.1


def test_frames_of_changing_shapes_come_back_in_order(serving: TensorRTAccelerator) -> None:
    for count, height, width in ((18, 384, 640), (1, 256, 320), (3, 640, 384), (2, 384, 640)):
        frames = synthetic_frames(count, height, width)
        ours, theirs = serving.detector.run({"frames": frames}), onnx_detector().run({"frames": frames})
        assert all(np.abs(ours[name] - theirs[name]).max() < 0.1 for name in theirs)


def test_existing_plans_are_used(plans: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    with accelerated(plans, *NETWORKS) as accelerator:
        serves_within(accelerator, LOADS)
    assert "is being built" not in caplog.text


def test_a_damaged_plan_is_built_again(plans: Path) -> None:
    (path,) = plans.glob(f"keypoints-*{SUFFIX}")
    spoiled = bytearray(path.read_bytes())
    spoiled[len(spoiled) // 2] ^= 0xFF
    path.write_bytes(spoiled)
    with accelerated(plans, *NETWORKS) as accelerator:
        serves_within(accelerator, BUILDS)
    assert path.read_bytes() != bytes(spoiled)


def test_a_full_gpu_means_smaller_batches_or_an_error(plans: Path) -> None:
    import pycuda.driver

    from engine.runtimes.tensorrt.device import Device
    from engine.runtimes.tensorrt.gpu import Gpu
    from engine.runtimes.tensorrt.plans import read_plan

    device, ours = Device(), Gpu()
    loaded = {name: read_plan(plans, ours.device.key(name, cards()[name])) for name in NETWORKS}
    for spare in (256, 64, 16, 4):  # MB
        with device.entered():
            free, _ = pycuda.driver.mem_get_info()
            taken = pycuda.driver.mem_alloc(max(1, free - spare * 1024 * 1024))
        try:
            pool = ours.load_resnets(loaded)
        except OutOfMemoryError:
            pass
        else:
            assert len(pool.run({"crops": synthetic_crops(70)})["logits"]) == 70
            ours.unload()
        with device.entered():
            taken.free()
    assert len(ours.load_resnets(loaded).run({"crops": synthetic_crops(70)})["logits"]) == 70
    ours.close()


def test_ten_minutes_of_load_take_no_more_memory(serving: TensorRTAccelerator) -> None:
    crops, frames = synthetic_crops(150), np.zeros((20, 1, 384, 640), np.float32)
    started, held = time.monotonic(), None
    while (elapsed := time.monotonic() - started) < LOAD:
        for count in (1, 7, 64, 150):
            serving.resnets.run({"crops": crops[:count]})
        serving.detector.run({"frames": frames})
        if held is None and elapsed >= WARM:
            held = resident(), free_memory()
    assert held is not None
    assert resident() - held[0] < GROWTH
    assert held[1] - free_memory() < GROWTH
    assert serving.status.startswith("TensorRT serves")


def resident() -> int:
    """Return the bytes of this process in the memory of the host."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()
