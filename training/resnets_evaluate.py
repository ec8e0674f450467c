"""Measures the emotion and the keypoint network as the engine runs them, on pictures held out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.card import Card
from engine.records import Floats
from engine.runtimes.onnx import OnnxRuntime
from engine.stages.classify import softmax
from engine.stages.crop import align
from training.augment import Jitter
from training.emotion_batches import cut_all as cut_expressions
from training.faces import Pixels, read_expressions, read_portraits
from training.keypoint_batches import DETECTOR
from training.keypoint_batches import cut_all as cut_portraits
from training.keypoints import score
from training.landmarks import landmarks_of, with_mean
from training.scores import Numbers, emotion_metrics, summary

BATCH = 256
EXACT = Jitter(place=0.0, size=0.0, roll=0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Emotion:
    """What the emotion network says of the held-out pictures."""

    logits: Floats  # (n, 7)
    label: Numbers  # (n,) FER2013's own
    voted: Numbers  # (n,) what most FER+ taggers said; -1 where they saw none of the seven
    temperature: float

    @property
    def metrics(self) -> dict[str, Any]:
        said = emotion_metrics(self.logits, self.label, self.temperature)
        named = self.voted >= 0
        if named.any():
            said["ferplus"] = summary(self.probability[named], self.voted[named])
        return said

    @property
    def probability(self) -> Floats:
        return softmax(self.logits / np.float32(self.temperature))


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


def read_emotion(card: Card, data: Path, teacher: Path, part: str) -> Emotion:
    """Runs an emotion network over `part` (test, validation) of FER2013's clean split."""
    faces = read_expressions(data)
    alignments = [align(points) for points in with_mean(landmarks_of(faces.pixels, teacher))]
    chosen = getattr(faces, part)
    logits = run(OnnxRuntime(card.file), cut_expressions(faces, alignments, chosen))
    votes = faces.votes[chosen]
    voted = np.where(faces.is_face[chosen] & votes.any(axis=1), votes.argmax(axis=1), -1)
    return Emotion(logits, faces.label[chosen], voted, card.temperature)


def read_keypoints(card: Card, data: Path, part: str) -> Keypoints:
    """Runs a keypoint network over the people of `part` (test, validation)."""
    runtime = OnnxRuntime(card.file)
    portraits = read_portraits(data)
    crops, points = cut_portraits(portraits, getattr(portraits, part), DETECTOR)
    aligned, true_points = cut_portraits(portraits, getattr(portraits, part), EXACT)
    exact = score(run(runtime, aligned), true_points)
    flattered = {name: round(value, 4) for name, value in exact.items()}
    return Keypoints(crops, run(runtime, crops), points, flattered)


def run(runtime: OnnxRuntime, crops: Pixels) -> Floats:
    """The network's output for (n, 96, 96) crops, n at least 1."""
    pixels = crops[:, None].astype(np.float32)
    parts = [runtime.run({"crops": pixels[k : k + BATCH]}) for k in range(0, len(pixels), BATCH)]
    return np.concatenate([next(iter(part.values())) for part in parts])
