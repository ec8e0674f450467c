"""Replaces a runtime between two batches, and returns to it when the replacement fails."""

from collections.abc import Callable, Mapping

from engine.runtimes.runtime import DeviceLostError, GpuError, Pixels, Runtime, Tensors


class FallbackRuntime:
    """Runs its replacement where it has one that works, else the original runtime."""

    def __init__(self, original: Runtime, on_failure: Callable[[GpuError], None]) -> None:
        """`on_failure` is called with the error of a failed replacement, and must remove it."""
        self.original = original
        self.replacement: Runtime | None = None  # runs from the next batch on
        self._on_failure = on_failure

    def run(self, inputs: Mapping[str, Pixels]) -> Tensors:
        """Run a batch. Raises DeviceLostError, after which only a new process helps."""
        if (replacement := self.replacement) is not None:  # another thread may remove it
            try:
                return replacement.run(inputs)
            except DeviceLostError:
                raise
            except GpuError as error:
                self._on_failure(error)
        return self.original.run(inputs)
