"""The GPU through pycuda: its context, its errors as the engine tells them apart, what plans depend on."""

from collections.abc import Iterator
from contextlib import contextmanager

import pycuda.driver as cuda
import tensorrt

from engine.card import Card
from engine.runtimes.runtime import DeviceLostError, OutOfMemoryError
from engine.runtimes.tensorrt.plans import PRECISION, PROFILES, RECIPE, PlanKey


class Device:
    """The first GPU that CUDA_VISIBLE_DEVICES leaves.

    TensorRT works in the GPU's primary context, so pycuda is to use that one, too. It is entered by each
    thread for as long as it works on the GPU.
    """

    def __init__(self) -> None:
        with _told_apart():
            cuda.init()
            self._device = cuda.Device(0)
            self._context = self._device.retain_primary_context()

    @property
    def name(self) -> str:
        return str(self._device.name())

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Work on the GPU in this thread. Raises OutOfMemoryError, DeviceLostError."""
        with _told_apart():
            self._context.push()
            try:
                yield
            finally:
                self._context.pop()

    def settle(self) -> None:
        """Waits until everything that was started is done; only where the device was entered."""
        self._context.synchronize()

    def key(self, network: str, card: Card) -> PlanKey:
        """Return the key of this network's plan on this machine."""
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
        """Lets the context go; nothing of it may be in use any more."""
        self._context.detach()


@contextmanager
def _told_apart() -> Iterator[None]:
    # CUDA reports what went wrong on the GPU at some later call, and whatever that was, the context is of no
    # use afterwards. What is refused for want of memory leaves it as it was.
    try:
        yield
    except cuda.MemoryError as error:
        raise OutOfMemoryError(f"out of GPU memory: {error}") from error
    except cuda.Error as error:
        raise DeviceLostError(f"the GPU is lost: {error}") from error
