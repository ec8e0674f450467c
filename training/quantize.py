"""Makes the ResNets' files of 8 bits, for CPUs that multiply bytes at once.

Run as `python -m training.quantize`: it writes them beside the others and into the cards, with their figures
on the validation sets, and refuses where these differ too much.
"""

import engine.runtimes.onnx  # noqa: F401  # isort: skip  # before onnxruntime, which it keeps silent
import argparse
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from engine.card import MODELS
from engine.runtimes.cpu import has_byte_dot_products
from engine.runtimes.onnx import OnnxRuntime
from engine.runtimes.runtime import Tensors
from engine.stages.crop import align
from training.command import run_script
from training.data.faces import Pixels, read_expressions, read_portraits
from training.data.landmarks import landmarks_of, with_mean
from training.data.splits import Mask
from training.emotion.batches import cut_all as cut_expressions
from training.export import ExportError, forget_origin
from training.keypoints.batches import DETECTOR
from training.keypoints.batches import cut_all as cut_portraits
from training.keypoints.train import score
from training.paths import SHARED, YUNET

CALIBRATED = 256  # crops that the ranges of activations are read off
ROUNDS = 100  # of timing


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A network to make smaller, with what its ranges are read off and how its worth is told."""

    name: str
    examples: Sequence[Tensors]  # inputs from training data
    measured: str  # what `judge` gives
    judge: Callable[[OnnxRuntime], float]
    most: float  # that it may change by


class Examples(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime brings no types
    """The calibration inputs, one batch at a time."""

    def __init__(self, examples: Sequence[Tensors]) -> None:
        self._left = iter(examples)

    def get_next(self) -> Tensors | None:
        return next(self._left, None)


def quantize(weights: Path, examples: Sequence[Tensors], target: Path) -> None:
    """Writes `weights` with 8-bit activations and weights, but for the last layers."""
    with tempfile.TemporaryDirectory() as scratch:
        folded = Path(scratch) / "folded.onnx"
        quant_pre_process(str(weights), str(folded), skip_symbolic_shape=True)
        quantize_static(
            folded,
            target,
            Examples(examples),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=["Conv", "Relu", "Add", "AveragePool", "Gemm"],
            nodes_to_exclude=list(_last_layers(onnx.load(folded).graph)),
        )
    forget_origin(target)


def ship(subject: Subject, models: Path) -> str:
    """Writes `<name>.int8.onnx` and what it loses into the card; gives that in words.

    Raises ExportError, and leaves all as it was, where its figure differs by more than `subject.most`.
    """
    whole, described = models / f"{subject.name}.onnx", models / f"{subject.name}.json"
    with tempfile.TemporaryDirectory() as scratch:
        small = Path(scratch) / f"{subject.name}.int8.onnx"
        quantize(whole, subject.examples, small)
        before, after = (round(subject.judge(OnnxRuntime(file)), 4) for file in (whole, small))
        if abs(after - before) > subject.most:
            raise ExportError(
                f"{subject.name} in 8 bits: expected {subject.measured} {before} within {subject.most}, "
                f"actual {after}"
            )
        ratio = time_ratio(small, whole, subject.examples[0])
        card = json.loads(described.read_text())
        card["int8"] = {
            "file": small.name,
            "sha256": hashlib.sha256(small.read_bytes()).hexdigest(),
            "validation": {subject.measured: after},
        }
        shutil.copyfile(small, models / small.name)
    described.write_text(json.dumps(card, indent=2) + "\n")
    return f"{subject.name}: {subject.measured} {before:.4f} -> {after:.4f}, {ratio:.2f} of the time"


def _last_layers(graph: onnx.GraphProto) -> Iterator[str]:
    """Convolutions and products with no further one behind them: coordinates need more than 8 bits."""
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)

    def goes_on(node: onnx.NodeProto) -> bool:
        behind = [reader for name in node.output for reader in readers.get(name, [])]
        return any(reader.op_type in ("Conv", "Gemm") or goes_on(reader) for reader in behind)

    yield from (node.name for node in graph.node if node.op_type in ("Conv", "Gemm") and not goes_on(node))


def time_ratio(ours: Path, theirs: Path, example: Tensors) -> float:
    """Median time of the first file over that of the second, one thread, taken in turns."""
    runtimes = [OnnxRuntime(ours), OnnxRuntime(theirs)]
    times: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        for runtime, taken in zip(runtimes, times, strict=True):
            started = perf_counter()
            runtime.run(example)
            taken.append(perf_counter() - started)
    return median(times[0]) / median(times[1])


def subjects(shared: Path) -> Iterator[Subject]:
    """The two ResNets with their validation sets."""
    data = shared / "data"
    faces = read_expressions(data)
    alignments = [align(points) for points in with_mean(landmarks_of(faces.pixels, shared / YUNET))]
    crops, label = cut_expressions(faces, alignments, faces.validation), faces.label[faces.validation]
    yield Subject(
        "emotion",
        _tensors(cut_expressions(faces, alignments, _first(faces.train))),
        "accuracy",
        lambda runtime: float((_run(runtime, crops).argmax(axis=1) == label).mean()),
        most=0.003,
    )
    portraits = read_portraits(data)
    seen, points = cut_portraits(portraits, portraits.validation, DETECTOR)
    yield Subject(
        "keypoints",
        _tensors(cut_portraits(portraits, _first(portraits.train), DETECTOR)[0]),
        "rmse",
        lambda runtime: score(_run(runtime, seen), points)["rmse"],
        most=0.05,
    )


def _first(chosen: Mask) -> Mask:
    """The first CALIBRATED of the chosen rows."""
    return chosen & (np.cumsum(chosen) <= CALIBRATED)


def _tensors(crops: Pixels) -> list[Tensors]:
    return [{"crops": crop[None, None].astype(np.float32)} for crop in crops]


def _run(runtime: OnnxRuntime, crops: Pixels) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.concatenate([next(iter(runtime.run(tensors).values())) for tensors in _tensors(crops)])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.quantize", description=__doc__)
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder with data and models")
    asked = parser.parse_args()
    if not has_byte_dot_products():
        raise ExportError(
            "8 bits: expected a CPU with dot products of bytes (VNNI), without which sums overflow"
        )
    for subject in subjects(asked.shared):
        print(ship(subject, asked.models))


if __name__ == "__main__":
    run_script(main)
