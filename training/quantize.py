"""Quantize the two ResNets to 8 bits, for CPUs with instructions for 8-bit products.

Writes the files next to the originals and adds them to the cards with their metrics on the validation sets.
Refuses a file whose metric differs too much from the original's.
"""

import engine.runtimes.onnx  # noqa: F401  # isort: skip  # turns telemetry off before onnxruntime is imported
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from engine.runtimes.cpu import has_byte_dot_products
from engine.runtimes.onnx import OnnxRuntime
from engine.runtimes.runtime import Tensors
from training.arrays import Mask, Pixels
from training.command import evaluation_parser, run_script
from training.data.faces import read_expressions, read_portraits
from training.data.landmarks import align_faces
from training.emotion.batches import cut_aligned
from training.export import ExportError, strip_metadata
from training.inference import run_onnx
from training.keypoints.batches import DETECTOR_JITTER, cut_jittered_faces
from training.keypoints.train import keypoint_metrics
from training.paths import YUNET
from training.speed import alternate

CALIBRATION_CROPS = 256  # training crops from which the ranges of activations are measured
ROUNDS = 100  # of timing


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A network to quantize, with its calibration data and its acceptance test."""

    name: str
    calibration: Sequence[Tensors]  # inputs from training data
    metric: str  # name of what `measure` returns
    measure: Callable[[OnnxRuntime], float]
    tolerance: float  # largest difference of the metric before and after


class _CalibrationReader(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
    """Yields the calibration inputs one by one."""

    def __init__(self, inputs: Sequence[Tensors]) -> None:
        self._inputs = iter(inputs)

    def get_next(self) -> Tensors | None:
        return next(self._inputs, None)


def quantize(weights: Path, calibration: Sequence[Tensors], target: Path) -> None:
    """Write `weights` with 8-bit activations and weights, except for the last layers."""
    with tempfile.TemporaryDirectory() as scratch:
        folded = Path(scratch) / "folded.onnx"
        quant_pre_process(str(weights), str(folded), skip_symbolic_shape=True)
        quantize_static(
            folded,
            target,
            _CalibrationReader(calibration),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=["Conv", "Relu", "Add", "AveragePool", "Gemm"],
            nodes_to_exclude=list(_last_layers(onnx.load(folded).graph)),
        )
    strip_metadata(target)


def ship(candidate: Candidate, models: Path) -> str:
    """Write `<name>.int8.onnx` and add it to the card; return metric and time as a line of text.

    Raises ExportError, and changes nothing, if the metric changes by more than the tolerance.
    """
    weights, card_file = models / f"{candidate.name}.onnx", models / f"{candidate.name}.json"
    with tempfile.TemporaryDirectory() as scratch:
        quantized = Path(scratch) / f"{candidate.name}.int8.onnx"
        quantize(weights, candidate.calibration, quantized)
        runtimes = OnnxRuntime(quantized), OnnxRuntime(weights)
        after, before = (round(candidate.measure(runtime), 4) for runtime in runtimes)
        if abs(after - before) > candidate.tolerance:
            raise ExportError(
                f"8 bits change {candidate.metric} of {candidate.name} from {before} to {after}; at most "
                f"{candidate.tolerance} is allowed"
            )
        times = alternate(runtimes, [candidate.calibration[0]] * 2, ROUNDS)
        card = json.loads(card_file.read_text())
        card["int8"] = {
            "file": quantized.name,
            "sha256": hashlib.sha256(quantized.read_bytes()).hexdigest(),
            "validation": {candidate.metric: after},
        }
        shutil.copyfile(quantized, models / quantized.name)
    card_file.write_text(json.dumps(card, indent=2) + "\n")
    ratio = median(times[0]) / median(times[1])
    return f"{candidate.name}: {candidate.metric} {before:.4f} -> {after:.4f}, {ratio:.2f} of the time"


def _last_layers(graph: onnx.GraphProto) -> Iterator[str]:
    """Yield the layers that no other layer follows: coordinates need more than 8 bits."""
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)

    def has_next(node: onnx.NodeProto) -> bool:
        followers = [reader for name in node.output for reader in readers.get(name, [])]
        return any(reader.op_type in ("Conv", "Gemm") or has_next(reader) for reader in followers)

    yield from (node.name for node in graph.node if node.op_type in ("Conv", "Gemm") and not has_next(node))


def candidates(shared: Path) -> Iterator[Candidate]:
    """Yield the two ResNets with their validation sets."""
    faces = read_expressions(shared / "data")
    alignments = align_faces(faces.pixels, shared / YUNET)
    crops, labels = cut_aligned(faces, alignments, faces.validation), faces.labels[faces.validation]
    yield Candidate(
        "emotion",
        _inputs(cut_aligned(faces, alignments, _first_rows(faces.train))),
        "accuracy",
        lambda runtime: float((run_onnx(runtime, crops).argmax(axis=1) == labels).mean()),
        tolerance=0.003,
    )
    portraits = read_portraits(shared / "data")
    portrait_crops, points = cut_jittered_faces(portraits, portraits.validation, DETECTOR_JITTER)
    yield Candidate(
        "keypoints",
        _inputs(cut_jittered_faces(portraits, _first_rows(portraits.train), DETECTOR_JITTER)[0]),
        "rmse",
        lambda runtime: keypoint_metrics(run_onnx(runtime, portrait_crops), points)["rmse"],
        tolerance=0.05,
    )


def _first_rows(chosen: Mask) -> Mask:
    """Return a mask of the first CALIBRATION_CROPS chosen rows."""
    return chosen & (np.cumsum(chosen) <= CALIBRATION_CROPS)


def _inputs(crops: Pixels) -> list[Tensors]:
    return [{"crops": crop[None, None].astype(np.float32)} for crop in crops]


def main() -> None:
    options = evaluation_parser("quantize", __doc__).parse_args()
    if not has_byte_dot_products():
        raise ExportError(
            "this CPU has no 8-bit dot products (VNNI), without which sums overflow; quantize on another one"
        )
    for candidate in candidates(options.shared):
        print(ship(candidate, options.models))


if __name__ == "__main__":
    run_script(main)
