"""Checks NVIDIA's driver, and records CUDA graphs, for which pycuda has no calls.

Without a driver, some of TensorRT's calls end the process instead of raising an error. So the check comes
before tensorrt or pycuda is imported, and imports neither.
"""

import ctypes
import importlib.util
from collections.abc import Callable, Sequence

from engine.runtimes.runtime import NoGpuError

LIBRARY = "libcuda.so.1"
NEEDED = ("pycuda", "tensorrt", "onnx")  # the extra `gpu`

THREAD_LOCAL = 1  # CU_STREAM_CAPTURE_MODE_THREAD_LOCAL: other threads do not disturb it


def check_gpu(needed: Sequence[str] = NEEDED) -> None:
    """Raise NoGpuError unless there are a driver, a GPU and the libraries of the extra `gpu`."""
    cuda = _library()
    if (result := cuda.cuInit(0)) != 0:
        raise NoGpuError(f"NVIDIA's driver does not start: cuInit returned error {result}")
    count = ctypes.c_int()
    if (result := cuda.cuDeviceGetCount(ctypes.byref(count))) != 0:
        raise NoGpuError(f"NVIDIA's driver shows no GPU: cuDeviceGetCount returned error {result}")
    if count.value < 1:
        raise NoGpuError("NVIDIA's driver shows no GPU")
    if missing := [name for name in needed if importlib.util.find_spec(name) is None]:
        raise NoGpuError(f"the extra `gpu` is not installed: {', '.join(missing)} missing")


def _library() -> ctypes.CDLL:
    try:
        return ctypes.CDLL(LIBRARY)
    except OSError as error:
        raise NoGpuError(f"no NVIDIA driver: {error}") from error


class Graph:
    """A CUDA graph: work on a stream that is recorded once, and started each time with one call.

    Addresses and shapes are recorded, too, so they must not change afterwards.
    """

    def __init__(self, cuda: ctypes.CDLL, executable: ctypes.c_void_p) -> None:
        self._cuda = cuda
        self._executable = executable

    @classmethod
    def record(cls, stream: int, work: Callable[[], None]) -> "Graph | None":
        """Record the work that `work` puts on the stream (a CUDA handle); None if the driver cannot.

        Nothing is executed while it records. Call it in the thread and the context that `work` needs. Raises
        the errors of `work`.
        """
        cuda, handle, recorded = _library(), ctypes.c_void_p(stream), ctypes.c_void_p()
        if not hasattr(cuda, "cuGraphInstantiateWithFlags"):  # drivers before CUDA 11.4
            return None
        if cuda.cuStreamBeginCapture_v2(handle, ctypes.c_int(THREAD_LOCAL)) != 0:
            return None
        try:
            work()
        finally:
            ended = cuda.cuStreamEndCapture(handle, ctypes.byref(recorded))
        if ended != 0 or not recorded:
            return None
        executable = ctypes.c_void_p()
        made = cuda.cuGraphInstantiateWithFlags(ctypes.byref(executable), recorded, ctypes.c_ulonglong(0))
        cuda.cuGraphDestroy(recorded)
        return cls(cuda, executable) if made == 0 else None

    def start(self, stream: int) -> bool:
        """Put the recorded work on a stream; return whether the driver accepted it."""
        return bool(self._cuda.cuGraphLaunch(self._executable, ctypes.c_void_p(stream)) == 0)

    def close(self) -> None:
        self._cuda.cuGraphExecDestroy(self._executable)
