"""Measures the keypoint network as the engine runs it, on people held out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.card import Card
from engine.records import Floats
from engine.runtimes.onnx import OnnxRuntime
from training.augment import Jitter
from training.data.faces import Pixels, read_portraits
from training.inference import run
from training.keypoints.batches import DETECTOR, cut_all
from training.keypoints.train import score

EXACT = Jitter(place=0.0, size=0.0, roll=0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Keypoints:
    """Where the keypoint network sees the points of the held-out faces, and where they are."""

    crops: Pixels  # (n, 96, 96) misplaced as a detector does it
    found: Floats  # (n, 15, 2) pixels of the crops
    points: Floats
    aligned: dict[str, float]  # the figures on crops aligned by the points themselves, which flatters

    @property
    def metrics(self) -> dict[str, Any]:
        figures = {name: round(value, 4) for name, value in score(self.found, self.points).items()}
        return figures | {"n": len(self.points), "aligned_by_truth": self.aligned}


def read_keypoints(card: Card, data: Path, part: str) -> Keypoints:
    """Runs a keypoint network over the people of `part` (test, validation)."""
    runtime = OnnxRuntime(card.file)
    portraits = read_portraits(data)
    crops, points = cut_all(portraits, getattr(portraits, part), DETECTOR)
    aligned, true_points = cut_all(portraits, getattr(portraits, part), EXACT)
    exact = score(run(runtime, aligned), true_points)
    flattered = {name: round(value, 4) for name, value in exact.items()}
    return Keypoints(crops, run(runtime, crops), points, flattered)
