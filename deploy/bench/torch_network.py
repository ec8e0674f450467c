"""The ResNets in torch, built operator by operator from the ONNX graph that TensorRT gets.

Only the benchmark on a GPU uses it. It needs torch and onnx.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper

from engine.card import read_card
from engine.labels import KEYPOINTS, LABELS
from engine.runtimes.tensorrt.fp16 import for_gpu

TYPES = {TensorProto.FLOAT: torch.float32, TensorProto.FLOAT16: torch.float16}

BATCHES = 16  # CUDA graphs between two synchronisations
SIDE = 8192  # of the square matrices of the measured product

Attributes = dict[str, Any]
Operator = Callable[..., torch.Tensor]


class UnknownOperatorError(Exception):
    """A network has operators that are missing in OPERATORS; the message names them."""


class TorchNetwork:
    """A network from (n, 1, 96, 96) bytes to its output, in the types of its ONNX graph."""

    def __init__(self, model: bytes, device: str) -> None:
        """Raises UnknownOperatorError."""
        graph = onnx.load_from_string(model).graph
        if unknown := {node.op_type for node in graph.node} - set(OPERATORS):
            raise UnknownOperatorError(f"OPERATORS lacks {', '.join(sorted(unknown))}")
        self._input, self._output = graph.input[0].name, graph.output[0].name
        scales = {node.input[2] for node in graph.node if node.op_type == "Resize"}
        self._constants = {
            each.name: _constant(each, "cpu" if each.name in scales else device) for each in graph.initializer
        }
        self._steps = [
            (OPERATORS[node.op_type], list(node.input), node.output[0], _attributes(node))
            for node in graph.node
        ]
        self.operations = (
            0  # multiplications and additions in the convolutions and products of the last batch
        )

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        values: dict[str, Any] = {**self._constants, self._input: pixels, "": None}
        self.operations = 0
        for operator, inputs, output, attributes in self._steps:
            values[output] = operator(*[values[name] for name in inputs], **attributes)
            if operator in (_conv, _gemm):
                weights = values[inputs[1]]
                self.operations += 2 * values[output].numel() * (weights.numel() // len(weights))
        result: torch.Tensor = values[self._output]
        return result


def _constant(tensor: onnx.TensorProto, device: str) -> Any:
    """Return weights on the device; shapes, indices and axes as lists and numbers."""
    array = numpy_helper.to_array(tensor)
    if array.dtype == np.int64:
        return array.tolist()
    weights = torch.from_numpy(array.copy()).to(device)
    return weights.contiguous(memory_format=torch.channels_last) if weights.ndim == 4 else weights


def _attributes(node: onnx.NodeProto) -> Attributes:
    return {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}


def _conv(x: torch.Tensor, weights: torch.Tensor, bias: torch.Tensor, **given: Any) -> torch.Tensor:
    *pads, bottom, right = given["pads"]
    assert pads == [bottom, right]
    return functional.conv2d(x, weights, bias, given["strides"], pads, given["dilations"], given["group"])


def _gemm(x: torch.Tensor, weights: torch.Tensor, bias: torch.Tensor, **given: Any) -> torch.Tensor:
    return functional.linear(x, weights if given["transB"] else weights.T, bias)


def _pool(x: torch.Tensor, **given: Any) -> torch.Tensor:
    assert not any(given["pads"])
    shape, strides, ceil = given["kernel_shape"], given["strides"], bool(given["ceil_mode"])
    return functional.avg_pool2d(x, shape, strides, ceil_mode=ceil)


def _cast(x: torch.Tensor, *, to: int) -> torch.Tensor:
    cast = x.to(TYPES[to])  # type: ignore[index]
    return cast.contiguous(memory_format=torch.channels_last) if cast.ndim == 4 else cast


def _resize(x: torch.Tensor, _region: None, scales: torch.Tensor, **given: Any) -> torch.Tensor:
    assert given["mode"] == b"nearest"
    return functional.interpolate(x, scale_factor=scales.tolist()[2:], mode="nearest")


def _sum(x: torch.Tensor, axes: list[int], *, keepdims: int, **_: Any) -> torch.Tensor:
    return x.sum(axes, keepdim=bool(keepdims))


def _mean(x: torch.Tensor, axes: list[int], *, keepdims: int, **_: Any) -> torch.Tensor:
    return x.mean(axes, keepdim=bool(keepdims))


OPERATORS: dict[str, Operator] = {
    "Add": lambda x, y: x + y,
    "AveragePool": _pool,
    "Cast": _cast,
    "Concat": lambda *parts, axis: torch.cat(parts, axis),
    "Conv": _conv,
    "Div": lambda x, y: x / y,
    "Gather": lambda x, index, *, axis: x.select(axis, index),
    "Gemm": _gemm,
    "Mul": lambda x, y: x * y,
    "ReduceMean": _mean,
    "ReduceSum": _sum,
    "Relu": functional.relu,
    "Reshape": lambda x, shape, **_: x.reshape([n or x.shape[axis] for axis, n in enumerate(shape)]),
    "Resize": _resize,
    "Softmax": lambda x, *, axis: x.softmax(axis),
    "Sub": lambda x, y: x - y,
    "Unsqueeze": lambda x, axes: x.unsqueeze(axes[0]),
}


def has_cuda() -> bool:
    """Return whether this build of torch can use the GPU; some builds are for the CPU alone."""
    return torch.cuda.is_available()


def measure_torch(
    faces: NDArray[np.uint8], seconds: Callable[[Callable[[], None]], float]
) -> tuple[float, float, float]:
    """Return faces a second, operations a second of a matrix product, and operations for a face.

    `faces` is one batch; `seconds` measures the duration of a call. Raises UnknownOperatorError.
    """
    cards = (read_card("keypoints", KEYPOINTS), read_card("emotion", LABELS))
    networks = [TorchNetwork(for_gpu(card.file, half=True), "cuda") for card in cards]
    torch.backends.cudnn.benchmark = True
    with torch.inference_mode():
        pixels = torch.from_numpy(faces).to("cuda")
        graph = _captured(networks, pixels)

        def replay() -> None:
            for _ in range(BATCHES):
                graph.replay()
            torch.cuda.synchronize()

        operations = sum(network.operations for network in networks) / len(faces)
        return BATCHES * len(faces) / seconds(replay), _measure_product(seconds), operations


def _measure_product(seconds: Callable[[Callable[[], None]], float]) -> float:
    """Return operations a second of a large matrix product in half precision."""
    left, right = (torch.randn(SIDE, SIDE, dtype=torch.float16, device="cuda") for _ in range(2))

    def multiply() -> None:
        torch.matmul(left, right)
        torch.cuda.synchronize()

    return 2 * SIDE**3 / seconds(multiply)


def _captured(networks: list[TorchNetwork], pixels: torch.Tensor) -> torch.cuda.CUDAGraph:
    """Capture both networks on one batch as a CUDA graph, after a warm-up on a side stream."""
    side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            for network in networks:
                network(pixels)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for network in networks:
            network(pixels)
    return graph
