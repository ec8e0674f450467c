"""Classifies face crops with both ResNets."""

from collections.abc import Sequence

import numpy as np

from engine.card import Card
from engine.records import Expression, FaceCrop
from engine.runtimes.runtime import Runtime
from engine.tensors import softmax


class Classifier:
    """Returns keypoints and expressions of face crops."""

    def __init__(self, resnets: Runtime, emotion: Card) -> None:
        """`resnets`: `crops` (n, 1, 96, 96) in; `keypoints` (n, 15, 2), in pixels, and `logits` (n, 7) out.

        `emotion`: the card of the emotion network among them.
        """
        self._resnets = resnets
        self._emotion = emotion

    @property
    def model(self) -> str:
        """Version of the emotion network, as readings cite it."""
        return self._emotion.version

    def classify(self, crops: Sequence[FaceCrop]) -> list[Expression]:
        """Return one Expression per crop, in the same order."""
        if not crops:
            return []
        outputs = self._resnets.run({"crops": np.stack([crop.pixels for crop in crops])[:, None]})
        distributions = softmax(outputs["logits"] / self._emotion.temperature)
        return [Expression(*pair) for pair in zip(outputs["keypoints"], distributions, strict=True)]
