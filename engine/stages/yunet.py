"""Lets `engine.stages.detect.Detector` read YuNet's outputs as those of the shipped detector.

Both answer at the same cells. YuNet counts places from a cell's upper left corner and not from its middle,
takes three colours, gives class and presence apart, and each stride's cells apart.
"""

from collections.abc import Mapping

import numpy as np

from engine.records import Floats
from engine.runtimes.onnx import Pixels, Runtime, Tensors
from engine.stages.detect import STRIDES

TO_MIDDLE = 0.5  # strides


class YuNetRuntime:
    """YuNet 2023mar behind the shipped detector's signature."""

    def __init__(self, yunet: Runtime) -> None:
        self._yunet = yunet

    def run(self, inputs: Mapping[str, Pixels]) -> Tensors:
        """`frames` (n, 1, height, width), grey 0..255, to `score`, `box` and `landmark` of each cell."""
        outputs = self._yunet.run(
            {"input": np.repeat(inputs["frames"], 3, axis=1).astype(np.float32, copy=False)}
        )

        def cells(name: str) -> Floats:
            return np.concatenate([outputs[f"{name}_{stride}"] for stride in STRIDES], axis=1)

        box = cells("bbox")
        box[..., :2] -= TO_MIDDLE
        return {
            "score": np.sqrt(cells("cls")[..., 0] * cells("obj")[..., 0]),
            "box": box,
            "landmark": cells("kps") - np.float32(TO_MIDDLE),
        }
