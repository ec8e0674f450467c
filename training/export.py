"""Export of a trained network to ONNX with its card, checked by ONNX Runtime against PyTorch."""

import engine.runtimes.onnx  # noqa: F401  # isort: skip  # turns telemetry off before onnxruntime is imported
import hashlib
import json
import logging
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from engine.card import MODELS
from engine.labels import KEYPOINTS, LABELS

Dimension = onnx.TensorShapeProto.Dimension

OPSET = 18
# Float32 sums in another order differ by about 1e-5; more means that a layer was translated wrongly.
TOLERANCE = 1e-3

REQUIRED = ("temperature", "metrics")  # card fields that the engine reads and `export` does not know


class ExportError(Exception):
    """The exported file differs from the network, or its card is incomplete."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A network's name, the meaning of its outputs, and the names of its graph."""

    name: str
    labels: tuple[str, ...]  # names of classes or points, in the order of the outputs
    input_size: tuple[int, int] | None  # height, width; None: multiples of 32
    input: str
    outputs: tuple[str, ...]
    dynamic: Mapping[int, str]  # name of each axis of variable length


EMOTION = Signature("emotion", LABELS, (96, 96), "crops", ("logits",), {0: "faces"})
KEYPOINT = Signature("keypoints", KEYPOINTS, (96, 96), "crops", ("keypoints",), {0: "faces"})


def export(
    network: nn.Module,
    examples: Sequence[Tensor],
    signature: Signature,
    card: Mapping[str, Any],
    folder: Path = MODELS,
) -> Path:
    """Write `<folder>/<name>.onnx` and `<name>.json`; return the path of the former.

    The graph takes float32 pixels 0..255: the network normalises them itself, and the card's mean and
    deviation are 0 and 1. `examples` are float32 inputs, with two sizes of every axis of variable length. The
    first one is traced; its variable axes must be longer than 1. Raises ExportError, and leaves `folder` as
    it was, if the outputs for any of them differ by more than TOLERANCE or the card lacks a field.
    """
    if missing := [field for field in REQUIRED if field not in card]:
        raise ExportError(f"the card lacks {', '.join(missing)}; add these fields before the export")
    network = network.eval()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        weights = Path(scratch) / f"{signature.name}.onnx"
        _write(network, examples[0], signature, weights)
        for example in examples:
            check(weights, network, example)
        card_file = Path(scratch) / f"{signature.name}.json"
        card_file.write_text(json.dumps(_complete_card(card, signature, weights), indent=2) + "\n")
        for file in (weights, card_file):
            partial = folder / f"{file.name}.partial"
            shutil.copyfile(file, partial)
            partial.replace(folder / file.name)
    return folder / weights.name


def check(weights: Path, network: nn.Module, example: Tensor) -> None:
    """Raise ExportError if ONNX Runtime and the network (in eval mode) differ on `example`."""
    session = onnxruntime.InferenceSession(weights, providers=["CPUExecutionProvider"])
    outputs = session.run(None, {session.get_inputs()[0].name: example.numpy()})
    with torch.inference_mode():
        reference = network(example)
    reference = (reference,) if isinstance(reference, Tensor) else tuple(reference)
    for info, torch_output, output in zip(session.get_outputs(), reference, outputs, strict=True):
        if tuple(torch_output.shape) != output.shape:
            shapes = f"{output.shape} in ONNX Runtime, {tuple(torch_output.shape)} in PyTorch"
            raise ExportError(f"the shapes of {info.name} differ: {shapes}")
        difference = float(np.abs(torch_output.numpy() - output).max())
        if not difference <= TOLERANCE:  # written so that NaN is refused too
            raise ExportError(
                f"{info.name} differs by {difference:.2g} in ONNX Runtime from PyTorch, more than {TOLERANCE}"
            )


def provenance() -> dict[str, str | None]:
    """Return `commit` (with `-dirty` if files are changed, None outside a checkout) and `date` (UTC)."""
    command = ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    git = subprocess.run(command, cwd=MODELS.parent, capture_output=True, text=True, check=False)
    commit = git.stdout.strip() if git.returncode == 0 else None
    return {"commit": commit, "date": datetime.now(UTC).date().isoformat()}


def _write(network: nn.Module, example: Tensor, signature: Signature, path: Path) -> None:
    # It warns about each operator of torchvision, which is not installed.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    torch.onnx.export(
        network,
        (example,),
        str(path),
        input_names=[signature.input],
        output_names=list(signature.outputs),
        dynamic_shapes=(dict(signature.dynamic),),
        opset_version=OPSET,
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    inline_shapes(path)
    strip_metadata(path)


def inline_shapes(path: Path) -> None:
    """Make the shape of each Reshape a constant: PyTorch exports about ten operators that compute it."""
    model = onnx.load(path)
    graph = model.graph
    typed = (*graph.input, *graph.value_info, *graph.output)
    shapes = {value.name: list(value.type.tensor_type.shape.dim) for value in typed}
    for node in graph.node:
        if node.op_type == "Reshape" and {node.input[0], node.output[0]} <= shapes.keys():
            before, after = shapes[node.input[0]], shapes[node.output[0]]
            axes = [_axis(index, dimension, before) for index, dimension in enumerate(after)]
            if axes.count(-1) <= 1:
                name = f"{node.output[0]}_shape"
                graph.initializer.append(onnx.numpy_helper.from_array(np.array(axes, np.int64), name))
                node.input[1] = name
                del node.attribute[:]  # `allowzero`, with which 0 would make an axis empty
    _remove_unused(graph)
    onnx.save(model, path)


def _axis(index: int, dimension: Dimension, before: Sequence[Dimension]) -> int:
    """Return an axis of Reshape's shape: its length, 0 to copy the input's, -1 to infer it."""
    if dimension.dim_value:
        return int(dimension.dim_value)
    name = dimension.dim_param
    return 0 if name and index < len(before) and name == before[index].dim_param else -1


def _remove_unused(graph: onnx.GraphProto) -> None:
    """Remove the operators and weights that no output depends on."""
    used = {value.name for value in graph.output}
    nodes = []
    for node in reversed(graph.node):
        if used.intersection(node.output):
            used.update(node.input)
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(reversed(nodes))
    weights = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(weights)


def strip_metadata(path: Path) -> None:
    """Remove PyTorch's notes on the source of each node, which name folders of this machine."""
    model = onnx.load(path)
    graph = model.graph
    values = (*graph.input, *graph.output, *graph.value_info, *graph.initializer)
    for part in (model, graph, *graph.node, *values):
        part.doc_string = ""
        del part.metadata_props[:]
    onnx.save(model, path)


def _complete_card(card: Mapping[str, Any], signature: Signature, weights: Path) -> dict[str, Any]:
    return {
        "name": signature.name,
        "file": weights.name,
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "outputs": signature.labels,
        "input_size": signature.input_size,
        "mean": 0.0,
        "deviation": 1.0,
        "temperature": card["temperature"],
        "metrics": card["metrics"],
        "trained_on": provenance(),
        **{key: value for key, value in card.items() if key not in REQUIRED},
    }
