"""What the GPU's networks do: TensorRT beside torch and ONNX Runtime in the same run.

Where there is no GPU, neither pycuda nor torch is imported. torch is in no extra of the service: where it is
missing, what is measured with it is left out.
"""

import importlib.util
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.loading import load_networks
from engine.records import FaceCrop
from engine.runtimes.runtime import GpuError, NoGpuError
from engine.runtimes.tensorrt.accelerator import TensorRTAccelerator
from engine.runtimes.tensorrt.plans import CROPS, FRAMES
from engine.stages.classify import Classifier

BATCH = CROPS.most[0]  # faces that a plan takes at once
AT_ONCE = 32 * BATCH  # faces in a call, so that copying and computing overlap
PICTURES = FRAMES.most[0]
CAMERA = 25.0  # pictures a second, all of them read
TRIES, SECONDS = 20, 1.0  # so many tries at least, for so long at least


@dataclass(frozen=True, slots=True)
class InTorch:
    """The same networks in half precision, each batch one CUDA graph; the pixels lie on the GPU already."""

    faces: float  # a second
    products: float  # operations a second of a large matrix product in half precision
    operations: float  # of both ResNets for a face


@dataclass(frozen=True, slots=True)
class GpuFigures:
    """Faces a second go through both ResNets, from bytes on the host to results there."""

    name: str  # what serves where
    tensorrt: float  # faces a second, full batches laid out beforehand
    engine: float  # faces a second from crops to expressions, as the engine asks: batches laid out, softmax
    onnx: float  # faces a second on the CPU, with one thread
    detect_ms: float  # for a picture, PICTURES at once
    torch: InTorch | None  # None: not installed, without what it needs for a GPU, or lacking an operator

    @property
    def overhead(self) -> float:
        """What batching costs beside the plans: 0.1 is a tenth of their time."""
        return self.tensorrt / self.engine - 1

    @property
    def share(self) -> float | None:
        """Of the GPU's measured rate of matrix products, what TensorRT makes use of."""
        if self.torch is None:
            return None
        return self.tensorrt * self.torch.operations / self.torch.products

    def cameras(self, faces: float) -> int:
        """Of CAMERA pictures a second with so many faces each, that the networks alone could carry."""
        return int(1 / CAMERA / (self.detect_ms / 1000 + faces / self.engine))

    def to_json(self, faces: float) -> dict[str, Any]:
        figures = {"overhead": self.overhead, "share_of_products": self.share, "cameras": self.cameras(faces)}
        return asdict(self) | figures

    def in_words(self, faces: float) -> str:
        """One line."""
        line = (
            f"GPU ({self.name}): {self.tensorrt:.0f} faces a second through both ResNets, "
            f"{self.engine:.0f} as the engine batches them, ONNX Runtime with one thread {self.onnx:.0f}"
        )
        if self.torch is not None:
            line += f", torch {self.torch.faces:.0f}; {self.share:.1%} of the rate of matrix products"
        cameras = f"its networks could carry {self.cameras(faces)} cameras of {CAMERA:g} pictures a second"
        return f"{line}; detect {self.detect_ms:.3f} ms a picture: {cameras}"


def measure_gpu() -> GpuFigures | None:
    """None where there is no GPU. Builds the plans first where there are none, which takes minutes.

    Raises GpuError where there is one that does not serve.
    """
    try:
        networks = load_networks(runtime="tensorrt")
    except NoGpuError:
        return None
    accelerated = networks.accelerator
    assert isinstance(accelerated, TensorRTAccelerator)
    accelerated.start()
    try:
        if not accelerated.wait():
            raise GpuError(accelerated.status)
        figures = _measured(networks.classifier, accelerated)
        if not (accelerated.resnets.is_replaced and accelerated.detector.is_replaced):  # it gave up meanwhile
            raise GpuError(accelerated.status)
        return figures
    finally:
        accelerated.close()


def _measured(classifier: Classifier, accelerated: TensorRTAccelerator) -> GpuFigures:
    random = np.random.default_rng(0)
    faces = random.integers(0, 256, (AT_ONCE, *CROPS.most[1:]), dtype=np.uint8)
    pictures = random.integers(0, 256, (PICTURES, *FRAMES.likely[1:]), dtype=np.uint8)
    crops = [FaceCrop("bench", 1, face[0], np.eye(2, 3, dtype=np.float32), 1.0, None) for face in faces]
    return GpuFigures(
        name=accelerated.status,
        tensorrt=AT_ONCE / seconds(lambda: accelerated.resnets.run({"crops": faces})),
        engine=AT_ONCE / seconds(lambda: classifier.classify(crops)),
        onnx=BATCH / seconds(lambda: accelerated.resnets.original.run({"crops": faces[:BATCH]})),
        detect_ms=1000 / PICTURES * seconds(lambda: accelerated.detector.run({"frames": pictures})),
        torch=_in_torch(faces[:BATCH]),
    )


def _in_torch(faces: NDArray[np.uint8]) -> InTorch | None:
    if importlib.util.find_spec("torch") is None:
        return None
    from deploy.bench.torch_network import UnknownOperatorError, measure_torch, sees_gpu

    try:
        return InTorch(*measure_torch(faces, seconds)) if sees_gpu() else None
    except UnknownOperatorError:  # the tests say so, too, when a network with others is shipped
        return None


def seconds(call: Callable[[], object]) -> float:
    """Of a call that returns when everything is done: the median of many, after two that do not count."""
    for _ in range(2):
        call()
    took: list[float] = []
    began = time.monotonic()
    while len(took) < TRIES or time.monotonic() - began < SECONDS:
        before = time.perf_counter()
        call()
        took.append(time.perf_counter() - before)
    return statistics.median(took)
