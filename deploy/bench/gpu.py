"""Speed of the networks on a GPU: TensorRT, torch and ONNX Runtime in the same run.

The service does not depend on torch: where it is missing, its figures are left out. Without a GPU neither
torch nor pycuda is imported.
"""

import importlib.util
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deploy.bench.timing import median_time
from engine.loading import load_networks
from engine.records import FaceCrop
from engine.runtimes.runtime import GpuError, NoGpuError
from engine.runtimes.tensorrt.accelerator import TensorRTAccelerator
from engine.runtimes.tensorrt.plans import CROPS, FRAMES
from engine.stages.classify import Classifier

BATCH = CROPS.most[0]  # faces, the largest batch of a plan
FRAMES_A_CALL = FRAMES.most[0]
CAMERA_RATE = 25.0  # frames a second, all of which are read


@dataclass(frozen=True, slots=True)
class TorchFigures:
    """Speed of the same networks in torch: half precision, a CUDA graph a batch, the pixels on the GPU."""

    faces: float  # a second
    products: float  # operations a second of a large matrix product in half precision
    operations: float  # of both ResNets for a face


@dataclass(frozen=True, slots=True)
class GpuFigures:
    """Speeds of both ResNets from bytes to results on the host; the fields of `mien bench --json`."""

    name: str  # runtime and GPU
    tensorrt: float  # faces a second, in prepared full batches
    engine: float  # faces a second from crops to expressions, with the engine's batching and softmax
    onnx: float  # faces a second on the CPU, with one thread
    detect_ms: float  # for a frame, in a full batch
    torch: TorchFigures | None  # None where torch is missing, has no CUDA, or lacks an operator

    @property
    def overhead(self) -> float:
        """Time of batching relative to that of the plans."""
        return self.tensorrt / self.engine - 1

    @property
    def share(self) -> float | None:
        """Operations a second of TensorRT relative to those of a large matrix product on the same GPU."""
        if self.torch is None:
            return None
        return self.tensorrt * self.torch.operations / self.torch.products

    def cameras(self, faces: float) -> int:
        """Return how many cameras of CAMERA_RATE the networks alone carry, with `faces` in a frame."""
        return int(1 / CAMERA_RATE / (self.detect_ms / 1000 + faces / self.engine))

    def to_json(self, faces: float) -> dict[str, Any]:
        figures = {"overhead": self.overhead, "share_of_products": self.share, "cameras": self.cameras(faces)}
        return asdict(self) | figures

    def to_line(self, faces: float) -> str:
        line = (
            f"GPU ({self.name}): {self.tensorrt:.0f} faces a second through both ResNets, "
            f"{self.engine:.0f} as the engine batches them, ONNX Runtime with one thread {self.onnx:.0f}"
        )
        if self.torch is not None:
            line += f", torch {self.torch.faces:.0f}; {self.share:.1%} of the rate of matrix products"
        cameras = f"its networks could carry {self.cameras(faces)} cameras of {CAMERA_RATE:g} frames a second"
        return f"{line}; detect {self.detect_ms:.3f} ms a frame: {cameras}"


@dataclass(frozen=True, slots=True)
class GpuEffort:
    """Size and number of the measured calls."""

    faces: int = 32 * BATCH  # in a call, so that copying and computing overlap
    min_calls: int = 20
    min_seconds: float = 1.0

    def seconds(self, call: Callable[[], object]) -> float:
        """Return the median duration of a call, after two that warm up. It returns when the GPU is done."""
        call()
        return median_time(call, self.min_seconds, min_calls=self.min_calls, clock=time.perf_counter)


def measure_gpu(effort: GpuEffort | None = None) -> GpuFigures | None:
    """Measure on the GPU, None without one. The first run builds the plans, which takes minutes.

    Raises GpuError where the GPU fails.
    """
    try:
        networks = load_networks(runtime="tensorrt")
    except NoGpuError:
        return None
    accelerator = networks.accelerator
    assert isinstance(accelerator, TensorRTAccelerator)
    accelerator.start()
    try:
        if not accelerator.wait():
            raise GpuError(accelerator.status)
        figures = _measure(effort or GpuEffort(), networks.classifier, accelerator)
        if not (accelerator.resnets.replacement and accelerator.detector.replacement):
            raise GpuError(accelerator.status)
        return figures
    finally:
        accelerator.close()


def _measure(effort: GpuEffort, classifier: Classifier, accelerator: TensorRTAccelerator) -> GpuFigures:
    random, seconds = np.random.default_rng(0), effort.seconds
    faces = random.integers(0, 256, (effort.faces, *CROPS.most[1:]), dtype=np.uint8)
    frames = random.integers(0, 256, (FRAMES_A_CALL, *FRAMES.likely[1:]), dtype=np.uint8)
    crops = [FaceCrop("bench", 1, face[0], np.eye(2, 3, dtype=np.float32), 1.0, None) for face in faces]
    return GpuFigures(
        name=accelerator.status,
        tensorrt=effort.faces / seconds(lambda: accelerator.resnets.run({"crops": faces})),
        engine=effort.faces / seconds(lambda: classifier.classify(crops)),
        onnx=BATCH / seconds(lambda: accelerator.resnets.original.run({"crops": faces[:BATCH]})),
        detect_ms=1000 / FRAMES_A_CALL * seconds(lambda: accelerator.detector.run({"frames": frames})),
        torch=_measure_torch(effort, faces[:BATCH]),
    )


def _measure_torch(effort: GpuEffort, faces: NDArray[np.uint8]) -> TorchFigures | None:
    if importlib.util.find_spec("torch") is None:
        return None
    from deploy.bench.torch_network import UnknownOperatorError, has_cuda, measure_torch

    try:
        return TorchFigures(*measure_torch(faces, effort.seconds)) if has_cuda() else None
    except UnknownOperatorError:
        return None
