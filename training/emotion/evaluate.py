"""Evaluation of the exported emotion network on held-out pictures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.card import Card
from engine.records import Floats
from engine.runtimes.onnx import OnnxRuntime
from engine.tensors import softmax
from training.arrays import Integers
from training.data.faces import read_expressions
from training.data.landmarks import align_faces
from training.emotion.batches import cut_aligned
from training.emotion.metrics import emotion_metrics, summary
from training.inference import run_onnx


@dataclass(frozen=True, slots=True, eq=False)
class EmotionResults:
    """Predictions and labels of held-out pictures."""

    logits: Floats  # (n, 7)
    labels: Integers  # (n,) FER2013's own
    ferplus: Integers  # (n,) label with most FER+ votes; -1 where none of the seven has any
    temperature: float

    @property
    def metrics(self) -> dict[str, Any]:
        metrics = emotion_metrics(self.logits, self.labels, self.temperature)
        has_votes = self.ferplus >= 0
        if has_votes.any():
            metrics["ferplus"] = summary(self.probabilities[has_votes], self.ferplus[has_votes])
        return metrics

    @property
    def probabilities(self) -> Floats:
        return softmax(self.logits / np.float32(self.temperature))


def evaluate_emotion(card: Card, data: Path, yunet: Path, part: str) -> EmotionResults:
    """Run an emotion network over `part` (test, validation) of FER2013's clean split."""
    faces = read_expressions(data)
    chosen = getattr(faces, part)
    crops = cut_aligned(faces, align_faces(faces.pixels, yunet), chosen)
    votes = faces.votes[chosen]
    ferplus = np.where(faces.is_face[chosen] & votes.any(axis=1), votes.argmax(axis=1), -1)
    logits = run_onnx(OnnxRuntime(card.file), crops)
    return EmotionResults(logits, faces.labels[chosen], ferplus, card.temperature)
