"""Adapts YuNet's tensors to those of the shipped detector.

Both have the same cells. YuNet measures from a cell's upper left corner instead of its centre, takes three
colours, and returns class and objectness separately, and each stride's cells separately.
"""

from collections.abc import Mapping

import numpy as np

from engine.records import Floats
from engine.runtimes.runtime import Pixels, Runtime, Tensors
from engine.tensors import STRIDES

TO_CENTRE = 0.5  # strides


class YuNetRuntime:
    """YuNet 2023mar with the shipped detector's inputs and outputs."""

    def __init__(self, yunet: Runtime) -> None:
        self._yunet = yunet

    def run(self, inputs: Mapping[str, Pixels]) -> Tensors:
        """Return `score`, `box` and `landmark` of each cell for `frames` (n, 1, height, width), 0..255."""
        colours = np.repeat(inputs["frames"], 3, axis=1).astype(np.float32, copy=False)
        outputs = self._yunet.run({"input": colours})

        def cells(name: str) -> Floats:
            return np.concatenate([outputs[f"{name}_{stride}"] for stride in STRIDES], axis=1)

        box = cells("bbox")
        box[..., :2] -= TO_CENTRE
        return {
            "score": np.sqrt(cells("cls")[..., 0] * cells("obj")[..., 0]),
            "box": box,
            "landmark": cells("kps") - np.float32(TO_CENTRE),
        }
