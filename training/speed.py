"""Comparison of networks by their time in ONNX Runtime, and the ResNet-18 to compare with."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import torch
from torch import Tensor, nn

from engine.records import Floats
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


def alternate(
    runtimes: Sequence[OnnxRuntime], inputs: Sequence[Mapping[str, Floats]], rounds: int
) -> list[list[float]]:
    """Run each runtime on its input, in turn; return for each the seconds of its `rounds` runs."""
    times: list[list[float]] = [[] for _ in runtimes]
    for _ in range(rounds):
        for runtime, tensors, seconds in zip(runtimes, inputs, times, strict=True):
            started = perf_counter()
            runtime.run(tensors)
            seconds.append(perf_counter() - started)
    return times


def ratio_to_resnet18(weights: Path) -> float:
    """Return the network's median time for one crop divided by that of a ResNet-18."""
    with tempfile.TemporaryDirectory() as folder:
        reference = Path(folder) / "resnet18.onnx"
        crop = torch.zeros(1, 1, CROP_SIDE, CROP_SIDE)
        torch.onnx.export(
            ResNet18().eval(), (crop,), str(reference), opset_version=OPSET, dynamo=True, verbose=False
        )
        runtimes = OnnxRuntime(weights), OnnxRuntime(reference)
    pixels = np.full((1, 1, CROP_SIDE, CROP_SIDE), 128, dtype=np.float32)
    ours, theirs = alternate(runtimes, ({"crops": pixels}, {"x": pixels}), ROUNDS)
    return median(ours) / median(theirs)
