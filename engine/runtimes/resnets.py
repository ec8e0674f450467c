"""Runs both ResNets, one after the other, as one runtime."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.card import Card
from engine.runtimes.runtime import Pixels, Runtime, Tensors
from engine.tensors import CROP_BATCH


@dataclass(frozen=True, slots=True)
class Network:
    """A network in a runtime, with its card."""

    runtime: Runtime
    card: Card

    def run(self, crops: NDArray[np.float32]) -> Tensors:
        """Return the outputs for (n, 1, 96, 96) crops of 0..255, standardised as the card says."""
        if (self.card.mean, self.card.deviation) != (0.0, 1.0):
            crops = (crops - np.float32(self.card.mean)) / np.float32(self.card.deviation)
        return self.runtime.run({"crops": crops})


class SequentialResNets:
    """Both ResNets as one runtime: `crops` (n, 1, 96, 96) of 0..255 in, `keypoints` and `logits` out."""

    def __init__(self, keypoints: Network, emotion: Network) -> None:
        self._networks = (keypoints, emotion)

    def run(self, inputs: Mapping[str, Pixels]) -> Tensors:
        crops = inputs["crops"].astype(np.float32)
        parts = [self._run_batch(crops[i : i + CROP_BATCH]) for i in range(0, len(crops), CROP_BATCH)]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _run_batch(self, crops: NDArray[np.float32]) -> Tensors:
        return {name: tensor for network in self._networks for name, tensor in network.run(crops).items()}
