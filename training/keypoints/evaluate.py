"""Evaluation of the exported keypoint network on held-out people."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.card import Card
from engine.records import Floats
from engine.runtimes.onnx import OnnxRuntime
from training.arrays import Pixels
from training.augment import Jitter
from training.data.faces import read_portraits
from training.inference import run_onnx
from training.keypoints.batches import DETECTOR_JITTER, cut_jittered_faces
from training.keypoints.train import keypoint_metrics

NO_JITTER = Jitter(translate=0.0, scale=0.0, rotate=0.0)


@dataclass(frozen=True, slots=True, eq=False)
class KeypointResults:
    """Predictions and labels of held-out faces."""

    crops: Pixels  # (n, 96, 96) jittered as by a detector
    predicted: Floats  # (n, 15, 2) pixels of the crops
    points: Floats  # (n, 15, 2)
    aligned: dict[str, float]  # metrics on crops aligned by the labels themselves, an optimistic figure

    @property
    def metrics(self) -> dict[str, Any]:
        metrics = _rounded(keypoint_metrics(self.predicted, self.points))
        return {**metrics, "n": len(self.points), "aligned_by_truth": self.aligned}


def evaluate_keypoints(card: Card, data: Path, part: str) -> KeypointResults:
    """Run a keypoint network over the people of `part` (test, validation)."""
    runtime = OnnxRuntime(card.file)
    portraits = read_portraits(data)
    chosen = getattr(portraits, part)
    crops, points = cut_jittered_faces(portraits, chosen, DETECTOR_JITTER)
    aligned_crops, aligned_points = cut_jittered_faces(portraits, chosen, NO_JITTER)
    aligned = _rounded(keypoint_metrics(run_onnx(runtime, aligned_crops), aligned_points))
    return KeypointResults(crops, run_onnx(runtime, crops), points, aligned)


def _rounded(metrics: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in metrics.items()}
