"""One way through the GPU: buffers and streams, made once, on which a batch is copied in, read, copied out.

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

NON_BLOCKING = 1  # CU_STREAM_NON_BLOCKING: a stream that no other work on the GPU waits for


@dataclass(frozen=True, slots=True, eq=False)
class Engine:
    """A plan that lies on the GPU, and the names of its tensors."""

    name: str
    input: str  # bytes
    outputs: tuple[str, ...]  # float32
    plan: Any  # ICudaEngine
    said: TensorRTLog


@dataclass(slots=True, eq=False)
class _Output:
    """Buffers of a tensor on the GPU and on the host."""

    there: Any  # DeviceAllocation
    here: NDArray[np.float32]  # pinned; one axis, long enough for the largest batch
    shape: tuple[int, ...]  # of the batch at hand

    @property
    def tensor(self) -> NDArray[np.float32]:
        return self.here[: math.prod(self.shape)]


class _Head:
    """One network on its stream."""

    def __init__(self, engine: Engine, most: Shape, pixels: int) -> None:
        """`pixels`: where they lie on the GPU."""
        self._engine = engine
        self._context = engine.plan.create_execution_context()
        if self._context is None:
            raise engine.said.failed(f"{engine.name}: no execution context")
        self.stream = cuda.Stream(NON_BLOCKING)
        self.done = cuda.Event(cuda.event_flags.DISABLE_TIMING)
        self._outputs: dict[str, _Output] = {}
        self._must(self._context.set_tensor_address(engine.input, pixels), "set_tensor_address")
        self._must(self._context.set_input_shape(engine.input, most), "set_input_shape")
        for name in engine.outputs:
            self._outputs[name] = self._allocated(name)
            self._must(
                self._context.set_tensor_address(name, int(self._outputs[name].there)), "set_tensor_address"
            )

    def take_shape(self, shape: Shape) -> None:
        """The next batches have this shape."""
        self._must(self._context.set_input_shape(self._engine.input, shape), "set_input_shape")
        for name, output in self._outputs.items():
            output.shape = tuple(self._context.get_tensor_shape(name))

    def enqueue(self) -> None:
        """Puts the inference, and the copies of its results, on the stream."""
        self._must(self._context.execute_async_v3(self.stream.handle), "execute_async_v3")
        for output in self._outputs.values():
            cuda.memcpy_dtoh_async(output.tensor, output.there, self.stream)

    def results(self, count: int) -> Tensors:
        """Copies of the first `count` rows, once the stream is through."""
        return {
            name: output.tensor.reshape(output.shape)[:count].copy() for name, output in self._outputs.items()
        }

    def _allocated(self, name: str) -> _Output:
        shape = tuple(self._context.get_tensor_shape(name))
        if min(shape, default=0) < 1:
            raise PlanError(f"{self._engine.name}: expected {name} of known shape, actual {shape}")
        here = cuda.pagelocked_empty(math.prod(shape), np.float32)
        return _Output(there=cuda.mem_alloc(here.nbytes), here=here, shape=shape)

    def _must(self, taken: bool, call: str) -> None:
        if not taken:
            raise self._engine.said.failed(f"{self._engine.name}: {call}")


class Lane:
    """A batch of pixels through one network, or through several that read the same ones, uploaded once.

    All in the context of the device, entered. Errors: cuda.Error, OutOfMemoryError, PlanError.
    """

    def __init__(self, engines: Sequence[Engine], most: Shape, *, fixed: bool) -> None:
        """`most`: the largest batch. `fixed`: each batch is run as one of that shape, started as a graph."""
        self._most = self._shape = most
        self._fixed = fixed
        self._count = 0
        self._pixels = cuda.pagelocked_empty(math.prod(most), np.uint8)
        self._pixels[:] = 0
        self._there = cuda.mem_alloc(self._pixels.nbytes)
        self._copied = cuda.Event(cuda.event_flags.DISABLE_TIMING)
        self._heads = [_Head(engine, most, int(self._there)) for engine in engines]
        self._stream = self._heads[0].stream
        self._graph = self._recorded() if fixed else None

    def start(self, pixels: Pixels) -> None:
        """Begins a batch (n, 1, height, width) of whole values 0..255; to be finished before the next one."""
        shape = self._most if self._fixed else pixels.shape
        if shape != self._shape:
            self._shape = shape
            for head in self._heads:
                head.take_shape(shape)
        self._count = len(pixels)
        np.copyto(self._pixels[: pixels.size].reshape(pixels.shape), pixels, casting="unsafe")
        if self._graph is None or not self._graph.start(self._stream.handle):
            self._enqueue()

    def finish(self) -> Tensors:
        """Waits for the batch that was started; what the networks read in it."""
        self._stream.synchronize()
        return {name: tensor for head in self._heads for name, tensor in head.results(self._count).items()}

    def close(self) -> None:
        """The buffers go with the lane itself."""
        if self._graph is not None:
            self._graph.close()
            self._graph = None

    def _enqueue(self) -> None:
        """All on the first network's stream, or between two events of it: so it can be recorded there."""
        cuda.memcpy_htod_async(self._there, self._pixels[: math.prod(self._shape)], self._stream)
        self._copied.record(self._stream)
        first, *others = self._heads
        for head in others:
            head.stream.wait_for_event(self._copied)
            head.enqueue()
            head.done.record(head.stream)
        first.enqueue()
        for head in others:
            self._stream.wait_for_event(head.done)

    def _recorded(self) -> Graph | None:
        # TensorRT prepares itself in the first run of a shape, which cannot be recorded.
        self._enqueue()
        self._stream.synchronize()
        try:
            return Graph.record(self._stream.handle, self._enqueue)
        except (cuda.Error, PlanError):  # something in it cannot be recorded: it is started step by step
            return None
