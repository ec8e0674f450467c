"""Writes a trained network as ONNX with its card, and refuses when ONNX Runtime and PyTorch disagree."""

import engine.runtimes.onnx  # noqa: F401  # isort: skip  # before onnxruntime, which it keeps silent
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

Dimension = onnx.TensorShapeProto.Dimension

OPSET = 18
# Float32 sums in another order differ by some 1e-5 here; more means that a layer was translated wrongly.
TOLERANCE = 1e-3

# What the engine acts on; `export` adds file, sha256, mean and deviation.
REQUIRED = ("name", "outputs", "input_size", "temperature", "metrics")


class ExportError(Exception):
    """The exported file is not the network, or its card is not complete."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Names of a graph's input and outputs, and which axes of the input may vary."""

    input: str
    outputs: tuple[str, ...]
    dynamic: Mapping[int, str]  # axis of the input: its name


EMOTION = Signature("crops", ("logits",), {0: "faces"})
KEYPOINT = Signature("crops", ("keypoints",), {0: "faces"})


def export(
    network: nn.Module,
    examples: Sequence[Tensor],
    signature: Signature,
    card: Mapping[str, Any],
    folder: Path = MODELS,
) -> Path:
    """Writes `<folder>/<name>.onnx` and `<name>.json`; returns the path of the first.

    The graph takes float32 pixels 0..255, so the network does its own scaling and the card's mean and
    deviation are 0 and 1. `examples` are float32 inputs: the first is traced (no axis that varies may be
    1 long in it), and on each one the outputs must agree within TOLERANCE; give two sizes of every axis
    that varies. Nothing in `folder` changes when ExportError is raised.
    """
    missing = [field for field in REQUIRED if field not in card]
    if missing:
        raise ExportError(f"expected the card fields {', '.join(REQUIRED)}, missing {', '.join(missing)}")
    network = network.eval()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        weights = Path(scratch) / f"{card['name']}.onnx"
        _write(network, examples[0], signature, weights)
        for example in examples:
            check(weights, network, example)
        described = Path(scratch) / f"{card['name']}.json"
        described.write_text(json.dumps(_complete(card, weights), indent=2) + "\n")
        for file in (weights, described):
            partial = folder / f"{file.name}.partial"
            shutil.copyfile(file, partial)
            partial.replace(folder / file.name)
    return folder / weights.name


def check(weights: Path, network: nn.Module, example: Tensor) -> None:
    """Raises ExportError when ONNX Runtime and the network (in eval mode) disagree on `example`."""
    session = onnxruntime.InferenceSession(weights, providers=["CPUExecutionProvider"])
    actual = session.run(None, {session.get_inputs()[0].name: example.numpy()})
    with torch.inference_mode():
        expected = network(example)
    expected = (expected,) if isinstance(expected, Tensor) else tuple(expected)
    for output, ours, theirs in zip(session.get_outputs(), expected, actual, strict=True):
        if tuple(ours.shape) != theirs.shape:
            raise ExportError(f"{output.name}: expected shape {tuple(ours.shape)}, actual {theirs.shape}")
        difference = float(np.abs(ours.numpy() - theirs).max())
        if not difference <= TOLERANCE:  # written so that NaN is refused too
            raise ExportError(
                f"{output.name}: expected within {TOLERANCE} of PyTorch, actual {difference:.2g} off"
            )


def commit() -> str | None:
    """The commit of the working tree, `-dirty` where that is changed; None outside a checkout."""
    command = ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    asked = subprocess.run(command, cwd=MODELS.parent, capture_output=True, text=True, check=False)
    return asked.stdout.strip() if asked.returncode == 0 else None


def _write(network: nn.Module, example: Tensor, signature: Signature, path: Path) -> None:
    # It warns of each torchvision operator that it could have translated, were torchvision here.
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
    state_shapes(path)
    forget_origin(path)


def state_shapes(path: Path) -> None:
    """Has each Reshape copy or infer its axes: PyTorch computes them anew, by some ten operators each."""
    model = onnx.load(path)
    graph = model.graph
    typed = (*graph.input, *graph.value_info, *graph.output)
    shapes = {value.name: list(value.type.tensor_type.shape.dim) for value in typed}
    for node in graph.node:
        if node.op_type == "Reshape" and {node.input[0], node.output[0]} <= shapes.keys():
            before, after = shapes[node.input[0]], shapes[node.output[0]]
            axes = [_axis(place, dimension, before) for place, dimension in enumerate(after)]
            if axes.count(-1) <= 1:
                name = f"{node.output[0]}_shape"
                graph.initializer.append(onnx.numpy_helper.from_array(np.array(axes, np.int64), name))
                node.input[1] = name
                del node.attribute[:]  # `allowzero`, which would make an axis empty instead of copying it
    _drop_unread(graph)
    onnx.save(model, path)


def _axis(place: int, dimension: Dimension, before: Sequence[Dimension]) -> int:
    """What Reshape is told of an axis: its length, 0 for the same as before, -1 for what is left."""
    if dimension.dim_value:
        return int(dimension.dim_value)
    name = dimension.dim_param
    return 0 if name and place < len(before) and name == before[place].dim_param else -1


def _drop_unread(graph: onnx.GraphProto) -> None:
    """Takes out the operators whose results nothing reads any more."""
    read = {value.name for value in graph.output}
    kept = []
    for node in reversed(graph.node):
        if read.intersection(node.output):
            read.update(node.input)
            kept.append(node)
    del graph.node[:]
    graph.node.extend(reversed(kept))
    weights = [tensor for tensor in graph.initializer if tensor.name in read]
    del graph.initializer[:]
    graph.initializer.extend(weights)


def forget_origin(path: Path) -> None:
    """Takes out what PyTorch notes of the source at each node: it names the folders of this machine."""
    model = onnx.load(path)
    graph = model.graph
    for part in (
        model,
        graph,
        *graph.node,
        *graph.input,
        *graph.output,
        *graph.value_info,
        *graph.initializer,
    ):
        part.doc_string = ""
        del part.metadata_props[:]
    onnx.save(model, path)


def _complete(card: Mapping[str, Any], weights: Path) -> dict[str, Any]:
    return {
        "name": card["name"],
        "file": weights.name,
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "outputs": list(card["outputs"]),
        "input_size": card["input_size"],
        "mean": 0.0,
        "deviation": 1.0,
        "temperature": card["temperature"],
        "metrics": card["metrics"],
        "trained_on": {"commit": commit(), "date": datetime.now(UTC).date().isoformat()},
        **{key: value for key, value in card.items() if key not in REQUIRED},
    }
