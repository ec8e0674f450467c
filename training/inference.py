"""Outputs of a network for many crops: in PyTorch, and in ONNX Runtime once it is exported."""

import numpy as np
import torch
from torch import nn

from engine.records import Floats
from engine.runtimes.onnx import OnnxRuntime
from training.arrays import Pixels
from training.state import device

BATCH_SIZE = 256


def predict(network: nn.Module, crops: Pixels) -> Floats:
    """Return the network's output for (n, 96, 96) crops."""
    pixels = torch.from_numpy(crops).unsqueeze(1)
    with torch.inference_mode():
        outputs = [network(part.float().to(device())).cpu() for part in torch.split(pixels, BATCH_SIZE)]
    return np.asarray(torch.cat(outputs).numpy())


def run_onnx(runtime: OnnxRuntime, crops: Pixels) -> Floats:
    """Return the exported network's output for (n, 96, 96) crops, n at least 1."""
    pixels = crops[:, None].astype(np.float32)
    outputs = [runtime.run({"crops": pixels[k : k + BATCH_SIZE]}) for k in range(0, len(pixels), BATCH_SIZE)]
    return np.concatenate([next(iter(output.values())) for output in outputs])
