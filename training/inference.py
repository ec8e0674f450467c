"""Runs exported networks on many crops."""

import numpy as np

from engine.records import Floats
from engine.runtimes.onnx import OnnxRuntime
from training.data.faces import Pixels

BATCH = 256


def run(runtime: OnnxRuntime, crops: Pixels) -> Floats:
    """The network's output for (n, 96, 96) crops, n at least 1."""
    pixels = crops[:, None].astype(np.float32)
    parts = [runtime.run({"crops": pixels[k : k + BATCH]}) for k in range(0, len(pixels), BATCH)]
    return np.concatenate([next(iter(part.values())) for part in parts])
