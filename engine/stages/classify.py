"""Reads all crops at hand with both ResNets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.card import Card
from engine.records import Expression, FaceCrop, Floats
from engine.runtimes.onnx import Pixels, Runtime, Tensors

BATCH = 64  # crops that go through the networks at once


@dataclass(frozen=True, slots=True)
class Network:
    """A weight file ready to run, with its card."""

    runtime: Runtime
    card: Card


class OneAfterOther:
    """Both ResNets as one runtime: `crops` (n, 1, 96, 96) of 0..255 in, `keypoints` and `logits` out."""

    def __init__(self, keypoints: Network, emotion: Network) -> None:
        self._keypoints = keypoints
        self._emotion = emotion

    def run(self, inputs: Mapping[str, Pixels]) -> Tensors:
        crops = inputs["crops"]
        parts = [self._run_batch(crops[start : start + BATCH]) for start in range(0, len(crops), BATCH)]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _run_batch(self, crops: Pixels) -> Tensors:
        pixels = crops.astype(np.float32)
        points = self._keypoints.runtime.run({"crops": _normalised(pixels, self._keypoints.card)})
        return points | self._emotion.runtime.run({"crops": _normalised(pixels, self._emotion.card)})


class Classifier:
    """What a runtime for both ResNets says, as expressions."""

    def __init__(self, both: Runtime, emotion: Card) -> None:
        """`both`: such as OneAfterOther; `emotion`: the card of the emotion network in it."""
        self._both = both
        self._emotion = emotion

    @property
    def model(self) -> str:
        """Which emotion network speaks, as readings cite it."""
        return self._emotion.version

    def read(self, crops: Sequence[FaceCrop]) -> list[Expression]:
        """One Expression a crop, in the same order."""
        if not crops:
            return []
        outputs = self._both.run({"crops": np.stack([crop.pixels for crop in crops])[:, None]})
        distributions = softmax(outputs["logits"] / self._emotion.temperature)
        return [
            Expression(keypoints=points, distribution=distribution)
            for points, distribution in zip(outputs["keypoints"], distributions, strict=True)
        ]


def _normalised(pixels: NDArray[np.float32], card: Card) -> NDArray[np.float32]:
    if card.mean == 0.0 and card.deviation == 1.0:  # the network does it
        return pixels
    return (pixels - np.float32(card.mean)) / np.float32(card.deviation)


def softmax(logits: Floats) -> Floats:
    """Probabilities along the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float32)
