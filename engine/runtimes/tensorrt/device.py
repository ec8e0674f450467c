"""The GPU through pycuda: its context, its errors, and the properties that plans depend on."""

from collections.abc import Iterator
from contextlib import contextmanager

import pycuda.driver as cuda
import tensorrt

from engine.card import Card
from engine.runtimes.runtime import DeviceLostError, OutOfMemoryError
from engine.runtimes.tensorrt.plans import PRECISION, PROFILES, RECIPE, PlanKey


class Device:
    """The first GPU of CUDA_VISIBLE_DEVICES.

    TensorRT uses the GPU's primary context, so pycuda uses it, too. Each thread enters it to work on the GPU.
    """

    def __init__(self) -> None:
        with _translated_errors():
            cuda.init()
            self._device = cuda.Device(0)
            self._context = self._device.retain_primary_context()
            self.name = str(self._device.name())

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Enter the context in this thread. Raises OutOfMemoryError, DeviceLostError."""
        with _translated_errors():
            self._context.push()
            try:
                yield
            finally:
                self._context.pop()

    def synchronize(self) -> None:
        """Wait until the GPU has done all its work; the context must be entered."""
        self._context.synchronize()

    def key(self, network: str, card: Card) -> PlanKey:
        """Return the key of the plan of this network on this GPU."""
        major, minor = self._device.compute_capability()
        return PlanKey(
            network=network,
            weights=card.sha256,
            recipe=RECIPE,
            tensorrt=str(tensorrt.__version__),
            gpu=self.name,
            capability=f"{major}.{minor}",
            precision=PRECISION,
            profile=PROFILES[network],
        )

    def close(self) -> None:
        """Release the context; nothing on it may be in use."""
        self._context.detach()


@contextmanager
def _translated_errors() -> Iterator[None]:
    # CUDA reports an error of the GPU at some later call, and the context is unusable afterwards. Only an
    # allocation that fails leaves it intact.
    try:
        yield
    except cuda.MemoryError as error:
        raise OutOfMemoryError(f"out of GPU memory: {error}") from error
    except cuda.Error as error:
        raise DeviceLostError(f"the GPU is lost: {error}") from error
