"""Measures the emotion network as the engine runs it, on pictures held out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.card import Card
from engine.records import Floats
from engine.runtimes.onnx import OnnxRuntime
from engine.stages.crop import align
from engine.tensors import softmax
from training.data.faces import read_expressions
from training.data.landmarks import landmarks_of, with_mean
from training.emotion.batches import cut_all
from training.emotion.metrics import Numbers, emotion_metrics, summary
from training.inference import run


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


def read_emotion(card: Card, data: Path, teacher: Path, part: str) -> Emotion:
    """Runs an emotion network over `part` (test, validation) of FER2013's clean split."""
    faces = read_expressions(data)
    alignments = [align(points) for points in with_mean(landmarks_of(faces.pixels, teacher))]
    chosen = getattr(faces, part)
    logits = run(OnnxRuntime(card.file), cut_all(faces, alignments, chosen))
    votes = faces.votes[chosen]
    voted = np.where(faces.is_face[chosen] & votes.any(axis=1), votes.argmax(axis=1), -1)
    return Emotion(logits, faces.label[chosen], voted, card.temperature)
