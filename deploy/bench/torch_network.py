"""The ResNets in torch, operator by operator from the very ONNX that TensorRT gets: like beside like.

Only for the bench on a GPU: importing it takes torch and onnx.
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

BATCHES = 16  # graphs that are started before their end is waited for
SIDE = 8192  # of the matrices whose product is measured

Attributes = dict[str, Any]
Operator = Callable[..., torch.Tensor]


class UnknownOperatorError(Exception):
    """The network has an operator that this does not know; the message says which."""


class TorchNetwork:
    """One network: pixels (n, 1, 96, 96) of bytes in, its output out, in the types of its ONNX."""

    def __init__(self, model: bytes, device: str) -> None:
        """Raises UnknownOperatorError."""
        graph = onnx.load_from_string(model).graph
        unknown = {node.op_type for node in graph.node} - set(OPERATORS)
        if unknown:
            raise UnknownOperatorError(f"no such operator here: {', '.join(sorted(unknown))}")
        self._input, self._output = graph.input[0].name, graph.output[0].name
        scales = {node.input[2] for node in graph.node if node.op_type == "Resize"}
        self._constants = {
            each.name: _constant(each, "cpu" if each.name in scales else device) for each in graph.initializer
        }
        self._steps = [
            (OPERATORS[node.op_type], list(node.input), node.output[0], _attributes(node))
            for node in graph.node
        ]
        self.operations = 0  # of the last batch: multiplications and additions of convolutions and products

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        values: dict[str, Any] = {**self._constants, self._input: pixels, "": None}
        self.operations = 0
        for operator, inputs, output, attributes in self._steps:
            values[output] = operator(*[values[name] for name in inputs], **attributes)
            if operator in (_conv, _gemm):
                weights = values[inputs[1]]
                self.operations += 2 * values[output].numel() * (weights.numel() // len(weights))
        found: torch.Tensor = values[self._output]
        return found


def _constant(tensor: onnx.TensorProto, device: str) -> Any:
    """Weights on the device; shapes, indices and axes as lists and numbers."""
    array = numpy_helper.to_array(tensor)
    if array.dtype == np.int64:
        return array.tolist()
    weights = torch.from_numpy(array.copy()).to(device)
    return weights.contiguous(memory_format=torch.channels_last) if weights.ndim == 4 else weights


def _attributes(node: onnx.NodeProto) -> Attributes:
    return {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}


def _conv(x: torch.Tensor, weights: torch.Tensor, bias: torch.Tensor, **given: Any) -> torch.Tensor:
    top, left, bottom, right = given["pads"]
    assert (top, left) == (bottom, right)
    return functional.conv2d(
        x, weights, bias, given["strides"], (top, left), given["dilations"], given["group"]
    )


def _gemm(x: torch.Tensor, weights: torch.Tensor, bias: torch.Tensor, **given: Any) -> torch.Tensor:
    return functional.linear(x, weights if given["transB"] else weights.T, bias)


def _pool(x: torch.Tensor, **given: Any) -> torch.Tensor:
    assert not any(given["pads"])
    return functional.avg_pool2d(
        x, given["kernel_shape"], given["strides"], ceil_mode=bool(given["ceil_mode"])
    )


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


def sees_gpu() -> bool:
    """Some builds of torch are for the CPU alone."""
    return torch.cuda.is_available()


def measure_torch(
    faces: NDArray[np.uint8], seconds: Callable[[Callable[[], None]], float]
) -> tuple[float, float, float]:
    """Faces a second, operations a second of a matrix product, operations for a face.

    `faces`: one batch. `seconds`: how long a call takes. Raises UnknownOperatorError.
    """
    cards = (read_card("keypoints", KEYPOINTS), read_card("emotion", LABELS))
    networks = [TorchNetwork(for_gpu(card.file, half=True), "cuda") for card in cards]
    torch.backends.cudnn.benchmark = True
    with torch.inference_mode():
        pixels = torch.from_numpy(faces).to("cuda")
        graph = _recorded(networks, pixels)

        def read() -> None:
            for _ in range(BATCHES):
                graph.replay()
            torch.cuda.synchronize()

        one = torch.randn(SIDE, SIDE, dtype=torch.float16, device="cuda")
        other = torch.randn(SIDE, SIDE, dtype=torch.float16, device="cuda")

        def multiply() -> None:
            torch.matmul(one, other)
            torch.cuda.synchronize()

        operations = sum(network.operations for network in networks) / len(faces)
        return BATCHES * len(faces) / seconds(read), 2 * SIDE**3 / seconds(multiply), operations


def _recorded(networks: list[TorchNetwork], pixels: torch.Tensor) -> torch.cuda.CUDAGraph:
    """Both networks on one batch; warmed up first on a stream of its own, as recording demands."""
    beside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    beside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(beside):
        for _ in range(3):
            for network in networks:
                network(pixels)
    torch.cuda.current_stream().wait_stream(beside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for network in networks:
            network(pixels)
    return graph
