"""Uploads a batch to the GPU, runs it, and copies its results back; buffers and streams are allocated once.

Two lanes overlap: while one batch is computed, the next is copied in and the last one copied out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pycuda.driver as cuda
from numpy.typing import NDArray

from engine.runtimes.runtime import Pixels, Tensors
from engine.runtimes.tensorrt.driver import Graph
from engine.runtimes.tensorrt.log import TensorRTLog
from engine.runtimes.tensorrt.plans import PlanError, Shape

NON_BLOCKING = 1  # CU_STREAM_NON_BLOCKING: not synchronized with other streams


@dataclass(frozen=True, slots=True, eq=False)
class Engine:
    """A plan on the GPU, and the names of its tensors."""

    name: str
    input: str  # bytes
    outputs: tuple[str, ...]  # float32
    plan: Any  # ICudaEngine
    log: TensorRTLog


@dataclass(slots=True, eq=False)
class _Output:
    """Buffers of an output on the GPU and on the host."""

    device: Any  # DeviceAllocation
    host: NDArray[np.float32]  # pinned; one axis, long enough for the largest batch
    shape: tuple[int, ...]  # of the current batch

    @property
    def tensor(self) -> NDArray[np.float32]:
        return self.host[: math.prod(self.shape)].reshape(self.shape)


class _NetworkStream:
    """One network on its stream."""

    def __init__(self, engine: Engine, most: Shape, pixels: int) -> None:
        """`pixels`: their address on the GPU."""
        self._engine = engine
        self._context = engine.plan.create_execution_context()
        if self._context is None:
            raise engine.log.failed(f"{engine.name}: no execution context")
        self.stream = cuda.Stream(NON_BLOCKING)
        self.done = cuda.Event(cuda.event_flags.DISABLE_TIMING)
        self._outputs: dict[str, _Output] = {}
        self._check(self._context.set_tensor_address(engine.input, pixels), "set_tensor_address")
        self._check(self._context.set_input_shape(engine.input, most), "set_input_shape")
        for name in engine.outputs:
            self._outputs[name] = output = self._allocated(name)
            self._check(self._context.set_tensor_address(name, int(output.device)), "set_tensor_address")

    def set_shape(self, shape: Shape) -> None:
        """Set the shape of the next batches."""
        self._check(self._context.set_input_shape(self._engine.input, shape), "set_input_shape")
        for name, output in self._outputs.items():
            output.shape = tuple(self._context.get_tensor_shape(name))

    def enqueue(self) -> None:
        """Put the inference and the copying of its results on the stream."""
        self._check(self._context.execute_async_v3(self.stream.handle), "execute_async_v3")
        for output in self._outputs.values():
            cuda.memcpy_dtoh_async(output.tensor, output.device, self.stream)

    def results(self, count: int) -> Tensors:
        """Return copies of the first `count` rows; the stream must be synchronized."""
        return {name: output.tensor[:count].copy() for name, output in self._outputs.items()}

    def _allocated(self, name: str) -> _Output:
        shape = tuple(self._context.get_tensor_shape(name))
        if min(shape, default=0) < 1:
            raise PlanError(f"{self._engine.name}: the shape of {name} is unknown: {shape}")
        host = cuda.pagelocked_empty(math.prod(shape), np.float32)
        return _Output(device=cuda.mem_alloc(host.nbytes), host=host, shape=shape)

    def _check(self, accepted: bool, call: str) -> None:
        if not accepted:
            raise self._engine.log.failed(f"{self._engine.name}: {call}")


class Lane:
    """Runs one network, or several with the same input, on batches that are uploaded once.

    The context of the device must be entered. Raises cuda.Error, OutOfMemoryError, PlanError.
    """

    def __init__(self, engines: Sequence[Engine], most: Shape, *, fixed: bool) -> None:
        """`most`: the largest batch. `fixed`: each batch runs with that shape, as a graph."""
        self._most = self._shape = most
        self._fixed = fixed
        self._count = 0
        self._pixels = cuda.pagelocked_empty(math.prod(most), np.uint8)
        self._pixels[:] = 0
        self._device_pixels = cuda.mem_alloc(self._pixels.nbytes)
        self._copied = cuda.Event(cuda.event_flags.DISABLE_TIMING)
        self._networks = [_NetworkStream(engine, most, int(self._device_pixels)) for engine in engines]
        self._stream = self._networks[0].stream
        self._graph = self._recorded() if fixed else None

    def start(self, pixels: Pixels) -> None:
        """Start a batch (n, 1, height, width) of whole values 0..255; call `finish` before the next one."""
        shape = self._most if self._fixed else pixels.shape
        if shape != self._shape:
            self._shape = shape
            for network in self._networks:
                network.set_shape(shape)
        self._count = len(pixels)
        np.copyto(self._pixels[: pixels.size].reshape(pixels.shape), pixels, casting="unsafe")
        if self._graph is None or not self._graph.start(self._stream.handle):
            self._enqueue()

    def finish(self) -> Tensors:
        """Wait for the batch; return its outputs."""
        self._stream.synchronize()
        outputs: Tensors = {}
        for network in self._networks:
            outputs |= network.results(self._count)
        return outputs

    def close(self) -> None:
        """Free the graph; the buffers are freed with the lane."""
        if self._graph is not None:
            self._graph.close()

    def _enqueue(self) -> None:
        """Put all work on the first network's stream, or between two of its events, as a graph requires."""
        cuda.memcpy_htod_async(self._device_pixels, self._pixels[: math.prod(self._shape)], self._stream)
        self._copied.record(self._stream)
        first, *others = self._networks
        for network in others:
            network.stream.wait_for_event(self._copied)
            network.enqueue()
            network.done.record(network.stream)
        first.enqueue()
        for network in others:
            self._stream.wait_for_event(network.done)

    def _recorded(self) -> Graph | None:
        # TensorRT prepares itself in the first run of a shape, which cannot be recorded.
        self._enqueue()
        self._stream.synchronize()
        try:
            return Graph.record(self._stream.handle, self._enqueue)
        except (cuda.Error, PlanError):  # `start` enqueues the work instead
            return None
