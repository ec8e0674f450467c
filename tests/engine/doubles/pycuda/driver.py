"""A double of `pycuda.driver` 2026.1 with the signatures of its wrapper (src/wrapper/wrap_cudadrv.cpp).

A stream executes its work only when it is synchronized; where the GPU is `hasty`, all streams do when one is.
The order is that of streams and events. Code that relies on another order reads the previous content.
"""

import ctypes
from collections.abc import Callable, Iterator
from enum import IntFlag
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Error(Exception):
    pass


class MemoryError(Error):
    pass


class LogicError(Error):
    pass


class LaunchError(Error):
    pass


class RuntimeError(Error):
    pass


class event_flags(IntFlag):  # noqa: N801
    DEFAULT = 0
    BLOCKING_SYNC = 1
    DISABLE_TIMING = 2


class Gpu:
    """The state of the one GPU."""

    def __init__(self) -> None:
        self.room = 1 << 30  # bytes that are left
        self.lost = False
        self.hasty = False  # streams run ahead, without synchronization, as far as events allow
        self.allocations = 0  # made so far, on the GPU and pinned
        self.launches = 0  # of graphs
        self.memory: dict[int, bytearray] = {}
        self.streams: dict[int, Stream] = {}
        self.entered = 0
        self.recorded: list[Callable[[], None]] | None = None  # while a graph is recorded
        self.graphs: dict[int, list[Callable[[], None]]] = {}
        self.numbers: Iterator[int] = count(4096, 4096)


gpu = Gpu()


def _entered() -> None:
    if not gpu.entered:
        raise LogicError("invalid device context")


def init(flags: int = 0) -> None:
    pass


class Device:
    def __init__(self, number: int) -> None:
        assert number == 0

    def name(self) -> str:
        return "NVIDIA Double"

    def compute_capability(self) -> tuple[int, int]:
        return 9, 0

    def retain_primary_context(self) -> "Context":
        return Context()


class Context:
    def push(self) -> None:
        gpu.entered += 1

    @staticmethod
    def pop() -> None:
        _entered()
        gpu.entered -= 1

    @staticmethod
    def synchronize() -> None:
        for stream in list(gpu.streams.values()):
            stream.synchronize()

    def detach(self) -> None:
        pass


class Stream:
    def __init__(self, flags: int = 0) -> None:
        _entered()
        self.handle = next(gpu.numbers)
        self._work: list[Callable[[], None]] = []
        gpu.streams[self.handle] = self

    def synchronize(self) -> None:
        _entered()
        if gpu.recorded is not None:
            raise LogicError("operation not permitted when stream is capturing")
        if gpu.hasty:
            for stream in reversed(gpu.streams.values()):
                stream.run(stream.length)
        self.run(len(self._work))

    def wait_for_event(self, event: "Event") -> None:
        if gpu.recorded is None:
            stream, place = event.recorded
            self.put(lambda: stream.run(place))

    def put(self, work: Callable[[], None]) -> None:
        if gpu.recorded is not None:
            gpu.recorded.append(work)
        else:
            self._work.append(work)

    @property
    def length(self) -> int:
        return len(self._work)

    def run(self, places: int) -> None:
        """Execute the work before that place."""
        if gpu.lost:
            raise LaunchError("cuStreamSynchronize failed: unspecified launch failure")
        for place in range(places):
            work, self._work[place] = self._work[place], _nothing
            work()


def _nothing() -> None:
    pass


class Event:
    def __init__(self, flags: int = 0) -> None:
        _entered()
        self.recorded: tuple[Stream, int]

    def record(self, stream: Stream) -> "Event":
        if gpu.recorded is None:
            self.recorded = stream, stream.length
        return self


class DeviceAllocation:
    def __init__(self, size: int) -> None:
        self._address = next(gpu.numbers)
        self._size = size
        gpu.room -= size
        gpu.memory[self._address] = bytearray(size)

    def __int__(self) -> int:
        return self._address

    def __index__(self) -> int:
        return self._address

    def __del__(self) -> None:
        gpu.room += self._size
        gpu.memory.pop(self._address, None)


def mem_alloc(size: int) -> DeviceAllocation:
    _entered()
    if size > gpu.room:
        raise MemoryError("cuMemAlloc failed: out of memory")
    gpu.allocations += 1
    return DeviceAllocation(size)


def pagelocked_empty(
    shape: int | tuple[int, ...], dtype: DTypeLike, order: str = "C", mem_flags: int = 0
) -> NDArray[np.generic]:
    _entered()
    gpu.allocations += 1
    return np.empty(shape, dtype=dtype)


def memcpy_htod_async(dest: DeviceAllocation, src: NDArray[np.generic], stream: Stream | None = None) -> None:
    assert stream is not None
    assert src.flags.c_contiguous

    def copy() -> None:
        gpu.memory[int(dest)][: src.nbytes] = src.tobytes()

    stream.put(copy)


def memcpy_dtoh_async(dest: NDArray[np.generic], src: DeviceAllocation, stream: Stream | None = None) -> None:
    assert stream is not None
    assert dest.flags.c_contiguous

    def copy() -> None:
        dest[:] = np.frombuffer(gpu.memory[int(src)], dest.dtype, dest.size).reshape(dest.shape)

    stream.put(copy)


def _write(reference: Any, value: int) -> int:
    """Store `value` where `reference`, made by `ctypes.byref`, points; return it."""
    reference._obj.value = value
    return value


def _handle(pointer: ctypes.c_void_p) -> int:
    assert pointer.value is not None
    return pointer.value


class Driver:
    """The part of libcuda.so.1 that is called by its own names."""

    def __init__(self, devices: int = 1) -> None:
        self._devices = devices

    def cuInit(self, flags: int) -> int:  # noqa: N802
        return 0

    def cuDeviceGetCount(self, found: Any) -> int:  # noqa: N802
        _write(found, self._devices)
        return 0

    def cuStreamBeginCapture_v2(self, stream: ctypes.c_void_p, mode: ctypes.c_int) -> int:  # noqa: N802
        assert stream.value in gpu.streams
        gpu.recorded = []
        return 0

    def cuStreamEndCapture(self, stream: ctypes.c_void_p, graph: Any) -> int:  # noqa: N802
        assert gpu.recorded is not None
        number = _write(graph, next(gpu.numbers))
        gpu.graphs[number], gpu.recorded = gpu.recorded, None
        return 0

    def cuGraphInstantiateWithFlags(  # noqa: N802
        self, executable: Any, graph: ctypes.c_void_p, flags: ctypes.c_ulonglong
    ) -> int:
        gpu.graphs[_write(executable, next(gpu.numbers))] = gpu.graphs[_handle(graph)]
        return 0

    def cuGraphDestroy(self, graph: ctypes.c_void_p) -> int:  # noqa: N802
        del gpu.graphs[_handle(graph)]
        return 0

    def cuGraphLaunch(self, executable: ctypes.c_void_p, stream: ctypes.c_void_p) -> int:  # noqa: N802
        gpu.launches += 1
        for work in gpu.graphs[_handle(executable)]:
            gpu.streams[_handle(stream)].put(work)
        return 0

    def cuGraphExecDestroy(self, executable: ctypes.c_void_p) -> int:  # noqa: N802
        del gpu.graphs[_handle(executable)]
        return 0
