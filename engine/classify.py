"""Reads all crops at hand with both ResNets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.card import Card
from engine.records import Expression, FaceCrop, Floats
from engine.runtimes.onnx import Runtime

BATCH = 64  # crops that go through the networks at once


@dataclass(frozen=True, slots=True)
class Network:
    """A weight file ready to run, with its card."""

    runtime: Runtime
    card: Card


class Classifier:
    """Both ResNets."""

    def __init__(self, keypoints: Network, emotion: Network) -> None:
        self._keypoints = keypoints
        self._emotion = emotion

    @property
    def model(self) -> str:
        """Which emotion network speaks, as readings cite it."""
        return self._emotion.card.version

    def read(self, crops: Sequence[FaceCrop]) -> list[Expression]:
        """One Expression a crop, in the same order."""
        read: list[Expression] = []
        for start in range(0, len(crops), BATCH):
            read.extend(self._read_batch(crops[start : start + BATCH]))
        return read

    def _read_batch(self, crops: Sequence[FaceCrop]) -> list[Expression]:
        pixels = np.stack([crop.pixels for crop in crops])[:, None].astype(np.float32)
        points = self._keypoints.runtime.run({"crops": _normalised(pixels, self._keypoints.card)})[
            "keypoints"
        ]
        logits = self._emotion.runtime.run({"crops": _normalised(pixels, self._emotion.card)})["logits"]
        distributions = softmax(logits / self._emotion.card.temperature)
        return [
            Expression(keypoints=face_points, distribution=distribution)
            for face_points, distribution in zip(points, distributions, strict=True)
        ]


def _normalised(pixels: NDArray[np.float32], card: Card) -> NDArray[np.float32]:
    if card.mean == 0.0 and card.deviation == 1.0:  # the network does it
        return pixels
    return (pixels - np.float32(card.mean)) / np.float32(card.deviation)


def softmax(logits: Floats) -> Floats:
    """Probabilities along the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float32)
