"""Messages of TensorRT: to the service's log, and into the errors that its calls do not raise themselves."""

import logging

import tensorrt

from engine.runtimes.runtime import GpuError, OutOfMemoryError
from engine.runtimes.tensorrt.plans import PlanError

# How TensorRT says so, in whatever it says else: `Error Code 2: OutOfMemory (Requested size was 123 bytes.)`.
MEMORY_IS_SHORT = ("out of memory", "outofmemory", "could not be allocated")

log = logging.getLogger(__name__)


class TensorRTLog(tensorrt.ILogger):  # type: ignore[misc]
    """TensorRT's calls give False or None where they fail, and the reason to a logger: this one."""

    def __init__(self) -> None:
        tensorrt.ILogger.__init__(self)  # pybind11 asks for it by name
        self._error = ""

    def log(self, severity: int, msg: str) -> None:
        """Called by TensorRT, in any of its threads."""
        if severity in (tensorrt.ILogger.INTERNAL_ERROR, tensorrt.ILogger.ERROR):
            self._error = " ".join(msg.split())
            log.debug("tensorrt: %s", msg)

    def failed(self, what: str) -> GpuError:
        """The error that a failed call is; `what` failed."""
        reason, self._error = self._error or "it does not say why", ""
        short = any(words in reason.lower() for words in MEMORY_IS_SHORT)
        return (OutOfMemoryError if short else PlanError)(f"{what}: {reason}")
