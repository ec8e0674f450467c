"""Times a shipped ResNet beside a ResNet-18 of the same input: one face, one thread, ONNX Runtime."""

import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import torch
from torch import Tensor, nn

from engine.runtimes.onnx import OnnxRuntime
from engine.tensors import CROP_SIDE
from training.export import OPSET
from training.resnet import Block

ROUNDS = 200


class ResNet18(nn.Module):
    """He et al. 2015, table 1, for one channel; its shortcuts are pooled, which costs the same."""

    def __init__(self) -> None:
        super().__init__()
        stem = (nn.Conv2d(1, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        first = (Block(64, 64, 1), Block(64, 64, 1))
        later = [(Block(n // 2, n, 2), Block(n, n, 1)) for n in (128, 256, 512)]
        self.blocks = nn.Sequential(*stem, *first, *(block for pair in later for block in pair))
        self.head = nn.Linear(512, 1000)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(x).mean(dim=(2, 3)))  # type: ignore[no-any-return]


def beside_resnet18(weights: Path) -> float:
    """Median time of the network in `weights` over that of a ResNet-18, taken in turns."""
    with tempfile.TemporaryDirectory() as folder:
        reference = Path(folder) / "resnet18.onnx"
        crop = torch.zeros(1, 1, CROP_SIDE, CROP_SIDE)
        torch.onnx.export(
            ResNet18().eval(), (crop,), str(reference), opset_version=OPSET, dynamo=True, verbose=False
        )
        runtimes = [OnnxRuntime(weights), OnnxRuntime(reference)]
    crop_name = ["crops", "x"]
    pixels = np.full((1, 1, CROP_SIDE, CROP_SIDE), 128, dtype=np.float32)
    times: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        for runtime, name, taken in zip(runtimes, crop_name, times, strict=True):
            started = perf_counter()
            runtime.run({name: pixels})
            taken.append(perf_counter() - started)
    return median(times[0]) / median(times[1])
