"""A runtime that may be replaced between two batches, and comes back when its replacement fails."""

from collections.abc import Callable, Mapping

from engine.runtimes.runtime import DeviceLostError, GpuError, Pixels, Runtime, Tensors


class FallbackRuntime:
    """Run a replacement where one is set and works, else the original runtime."""

    def __init__(self, original: Runtime, on_failure: Callable[[GpuError], None]) -> None:
        """`on_failure` is called with the error of a failed replacement, and must withdraw it."""
        self.original = original
        self._on_failure = on_failure
        self._replacement: Runtime | None = None

    def replace(self, replacement: Runtime | None) -> None:
        """Run `replacement` from the next batch on; None: the original again."""
        self._replacement = replacement

    @property
    def is_replaced(self) -> bool:
        return self._replacement is not None

    def run(self, inputs: Mapping[str, Pixels]) -> Tensors:
        """Run a batch. Raises DeviceLostError, after which only a new process helps."""
        replacement = self._replacement
        if replacement is not None:
            try:
                return replacement.run(inputs)
            except DeviceLostError:
                raise
            except GpuError as error:
                self._on_failure(error)
        return self.original.run(inputs)
