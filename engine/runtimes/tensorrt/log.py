"""Passes TensorRT's messages to the log, and into errors, since its calls raise none."""

import logging

import tensorrt

from engine.runtimes.runtime import GpuError, OutOfMemoryError
from engine.runtimes.tensorrt.plans import PlanError

# Parts of such messages: `Error Code 2: OutOfMemory (Requested size was 123 bytes.)`.
OUT_OF_MEMORY = ("out of memory", "outofmemory", "could not be allocated")

log = logging.getLogger(__name__)


class TensorRTLog(tensorrt.ILogger):  # type: ignore[misc]
    """Holds the reason when a call of TensorRT fails, since the call only returns False or None."""

    def __init__(self) -> None:
        tensorrt.ILogger.__init__(self)  # pybind11 requires this form
        self._error = ""

    def log(self, severity: int, msg: str) -> None:
        """Store the last error; TensorRT calls this in any thread."""
        if severity in (tensorrt.ILogger.INTERNAL_ERROR, tensorrt.ILogger.ERROR):
            self._error = " ".join(msg.split())
            log.debug("tensorrt: %s", msg)

    def failed(self, what: str) -> GpuError:
        """Return the error to raise after a failed call; `what`: its description."""
        reason, self._error = self._error or "no reason given", ""
        memory = any(part in reason.lower() for part in OUT_OF_MEMORY)
        return (OutOfMemoryError if memory else PlanError)(f"{what}: {reason}")
