"""The accelerator replaces ONNX Runtime by TensorRT, and returns to it after a failure.

TensorRT and pycuda are doubles, also in the process that builds plans; the bus is a real Redis.
"""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from api.results.networks import load_file_networks
from engine.__main__ import GPU_LOST
from engine.live.worker import Worker
from engine.loading import Networks, load_networks
from engine.pipeline import Pipeline
from engine.runtimes.runtime import DeviceLostError
from engine.runtimes.tensorrt.accelerator import TensorRTAccelerator
from engine.runtimes.tensorrt.plans import SUFFIX
from engine.runtimes.tensorrt.synthetic_faces import synthetic_crops
from engine.stages.classify import Classifier
from engine.stages.detect import Detector
from engine.stages.track import LOW_SCORE_MARGIN
from ingest.bus.connection import connect
from ingest.bus.frame_stream import FrameStream
from ingest.bus.keys import SOURCES, beat_key
from ingest.bus.source_config import SourceConfig, encode_config
from ingest.bus.wire import encode_frame
from tests.engine.live.working import frames_read
from tests.engine.portrait import portrait_frame
from tests.engine.runtimes.accelerating import RESNETS, Doubles, accelerated, cards, doubled, onnx_resnets
from tests.processes import children_of
from tests.waiting import until

TIMEOUT = 90.0  # seconds for three plans on a busy machine
SERVES = "TensorRT serves on NVIDIA Double"


@pytest.fixture
def doubles(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Doubles]:
    caplog.set_level(logging.INFO)
    with doubled(monkeypatch, "10") as doubles:
        yield doubles


@pytest.fixture
def plans(doubles: Doubles, tmp_path: Path) -> Path:
    """Return a folder with the plans of both ResNets."""
    doubles.build_into(tmp_path, *RESNETS)
    return tmp_path


def wait_for(accelerator: TensorRTAccelerator, status: str) -> None:
    until(lambda: status in accelerator.status, TIMEOUT, f"{status}, not {accelerator.status}")


def logits(accelerator: TensorRTAccelerator) -> np.ndarray:
    return accelerator.resnets.run({"crops": synthetic_crops(6)})["logits"]


def networks_on(accelerator: TensorRTAccelerator) -> Networks:
    threshold = cards()["detector"].threshold
    return Networks(
        detector=Detector(accelerator.detector, threshold - LOW_SCORE_MARGIN),
        classifier=Classifier(accelerator.resnets, cards()["emotion"]),
        new_track_score=threshold,
        versions={name: card.version for name, card in cards().items()},
        accelerator=accelerator,
    )


def test_plans_are_built_beside_the_work_and_then_serve(doubles: Doubles, tmp_path: Path) -> None:
    reference = onnx_resnets().run({"crops": synthetic_crops(6)})["logits"]
    with accelerated(tmp_path / "plans", *RESNETS, "detector") as accelerator:
        wait_for(accelerator, "is being built")
        assert accelerator.status.startswith("ONNX Runtime serves: TensorRT's plan for ")
        assert np.array_equal(logits(accelerator), reference)  # to the bit
        wait_for(accelerator, SERVES)
        assert doubles.gpu.launches > 0
        before = doubles.gpu.launches
        assert 0 < np.abs(logits(accelerator) - reference).max() < 0.05
        assert doubles.gpu.launches == before + 1
    assert len(list((tmp_path / "plans").glob(f"*{SUFFIX}"))) == 3
    assert not doubles.gpu.memory


def test_existing_plans_are_not_built_again(plans: Path, caplog: pytest.LogCaptureFixture) -> None:
    with accelerated(plans) as accelerator:
        wait_for(accelerator, SERVES)
    assert "is being built" not in caplog.text


def test_a_damaged_plan_is_never_loaded_but_built_again(
    doubles: Doubles, plans: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (path,) = plans.glob(f"emotion-*{SUFFIX}")
    whole = path.read_bytes()
    path.write_bytes(whole[:-7] + b"damaged")
    with accelerated(plans) as accelerator:
        wait_for(accelerator, SERVES)
    assert path.read_bytes() == whole
    assert "damaged: not" in caplog.text
    assert caplog.text.count("is being built") == 1


def test_a_plan_with_other_results_never_serves(
    doubles: Doubles, plans: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    compute = doubles.tensorrt.ICudaEngine.compute

    def wrongly(self: object, addresses: dict[str, int], shape: tuple[int, ...]) -> None:
        compute(self, addresses, shape)
        for name in set(addresses) & {"logits"}:
            doubles.gpu.memory[addresses[name]][:4] = np.float32(9).tobytes()  # the first face is angry

    monkeypatch.setattr(doubles.tensorrt.ICudaEngine, "compute", wrongly)
    reference = onnx_resnets().run({"crops": synthetic_crops(6)})["logits"]
    with accelerated(plans) as accelerator:
        wait_for(accelerator, "ONNX Runtime serves: probabilities differ by")
        assert np.array_equal(logits(accelerator), reference)
    assert "the plans are built again" in caplog.text  # once, in case the files were damaged
    assert not list(plans.glob(f"*{SUFFIX}"))


def test_a_build_that_fails_leaves_onnx_runtime(
    doubles: Doubles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TENSORRT_DOUBLE", "none")  # in the process that builds
    with accelerated(tmp_path) as accelerator:
        wait_for(accelerator, "cannot build its plan: KeyError: 'none'")
        assert len(logits(accelerator)) == 6
    assert caplog.text.count("cannot build its plan") == 1


def test_a_build_ends_when_the_accelerator_is_closed(
    doubles: Doubles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tensorrt.py").write_text("import time\n\ntime.sleep(600)\n")  # a build that does not end
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ['PYTHONPATH']}")
    before = children_of(os.getpid())
    with accelerated(tmp_path / "plans"):
        builds = until(lambda: children_of(os.getpid()) - before, TIMEOUT, "a build is started")
    assert not children_of(os.getpid()) & builds


def test_a_build_that_is_killed_leaves_onnx_runtime(
    doubles: Doubles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tensorrt.py").write_text("import time\n\ntime.sleep(600)\n")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ['PYTHONPATH']}")
    before = children_of(os.getpid())
    with accelerated(tmp_path / "plans") as accelerator:
        (build,) = until(lambda: children_of(os.getpid()) - before, TIMEOUT, "a build is started")
        os.kill(build, signal.SIGKILL)
        wait_for(accelerator, "cannot build its plan: the build ended with code -9")


def test_a_gpu_without_memory_leaves_onnx_runtime(doubles: Doubles, plans: Path) -> None:
    doubles.gpu.room = 1000
    with accelerated(plans) as accelerator:
        wait_for(accelerator, "ONNX Runtime serves: cuMemAlloc failed: out of memory")
        assert len(logits(accelerator)) == 6
    assert len(list(plans.glob(f"*{SUFFIX}"))) == 2  # the plans did not fail


def test_a_plan_that_fails_in_use_loses_no_batch(
    doubles: Doubles, plans: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    reference = onnx_resnets().run({"crops": synthetic_crops(6)})["logits"]
    with accelerated(plans) as accelerator:
        wait_for(accelerator, SERVES)
        monkeypatch.setattr(doubles.cuda.Driver, "cuGraphLaunch", lambda *_: 1)
        monkeypatch.setattr(doubles.tensorrt.ICudaEngine, "fails", "Error Code 2: it fails")
        assert np.array_equal(logits(accelerator), reference)
        assert np.array_equal(logits(accelerator), reference)
        assert accelerator.status == "ONNX Runtime serves: emotion: execute_async_v3: Error Code 2: it fails"
    assert caplog.text.count("it fails") == 1


def test_a_lost_gpu_ends_the_worker_and_no_frame_is_lost(
    doubles: Doubles, plans: Path, redis_url: str
) -> None:
    with connect(redis_url, retries=0) as client, accelerated(plans) as accelerator:
        wait_for(accelerator, SERVES)
        for number in range(6):
            FrameStream(client).push(encode_frame(portrait_frame(number, connection=1)))
        doubles.gpu.lost = True
        with pytest.raises(DeviceLostError, match="the GPU is lost"):
            Worker(client, Pipeline(networks_on(accelerator))).run(until_empty=True)
        assert not frames_read(redis_url)
        doubles.gpu.lost = False
    with connect(redis_url, retries=0) as client:  # another process, which starts on ONNX Runtime
        Worker(client, Pipeline(load_networks())).run(until_empty=True)
    assert set(frames_read(redis_url)) == set(range(6))


def test_a_recording_is_read_by_existing_plans_from_the_start(
    doubles: Doubles, plans: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path_factory.mktemp("data")
    doubles.build_into(plans, "detector")
    plans.rename(data / "plans")
    monkeypatch.setenv("MIEN_DATA", str(data))
    accelerator = load_file_networks(1, "mien", "auto").networks.accelerator
    assert accelerator is not None
    assert accelerator.status == SERVES
    accelerator.close()


def test_a_recording_does_not_wait_for_plans(
    doubles: Doubles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIEN_DATA", str(tmp_path))
    accelerator = load_file_networks(1, "mien", "auto").networks.accelerator
    assert isinstance(accelerator, TensorRTAccelerator)
    assert "no plan to use (there is none yet); an engine builds them" in accelerator.status
    assert len(logits(accelerator)) == 6
    accelerator.close()


def test_the_heartbeat_names_the_runtime(doubles: Doubles, plans: Path, redis_url: str) -> None:
    with connect(redis_url, retries=0) as client, accelerated(plans) as accelerator:
        wait_for(accelerator, SERVES)
        Worker(client, Pipeline(networks_on(accelerator))).run(until_empty=True)
        assert client.get(beat_key("engine:0")) == SERVES.encode()


GPU_IN_A_PROCESS = """
import os
import pycuda.driver as cuda
from engine.runtimes.tensorrt import driver

driver._library = cuda.Driver
synchronize = cuda.Stream.synchronize


def with_faults(stream):
    cuda.gpu.lost = os.path.exists(os.environ["GPU_IS_LOST"])
    synchronize(stream)


cuda.Stream.synchronize = with_faults
"""


def test_an_engine_that_loses_its_gpu_exits_and_the_next_one_reads_its_frames(
    plans: Path, tmp_path_factory: pytest.TempPathFactory, redis_url: str
) -> None:
    scratch = tmp_path_factory.mktemp("process")
    (scratch / "sitecustomize.py").write_text(GPU_IN_A_PROCESS)
    plans.rename(scratch / "plans")
    lost = scratch / "lost"
    environment = os.environ | {
        "PYTHONPATH": f"{scratch}:{os.environ['PYTHONPATH']}",
        "REDIS_URL": redis_url,
        "MIEN_DATA": str(scratch),
        "GPU_IS_LOST": str(lost),
    }
    lobby = SourceConfig("lobby", "Lobby", "file:lobby.mp4", 10.0, 1.0)
    with connect(redis_url) as client:
        client.hset(SOURCES, "lobby", encode_config(lobby))
        with engine_process(environment) as (process, log):
            until(lambda: client.get(beat_key("engine:0")) == SERVES.encode(), TIMEOUT, "TensorRT serves")
            lost.touch()
            for number in range(4):
                FrameStream(client).push(encode_frame(portrait_frame(number, connection=1)))
            assert process.wait(TIMEOUT) == GPU_LOST
        assert "the GPU is lost: cuStreamSynchronize failed" in log.read_text()
        assert not frames_read(redis_url)
        with engine_process(environment):  # the GPU is still lost: it runs ONNX Runtime
            until(lambda: set(frames_read(redis_url)) == set(range(4)), TIMEOUT, "the frames are read")


@contextmanager
def engine_process(environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Run `mien engine`, and kill it at the end; yield it with the file of its log."""
    log = Path(environment["MIEN_DATA"]) / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "engine", "--runtime", "tensorrt"],
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        yield process, log
    finally:
        process.kill()
        process.wait()
