"""The face detector's network: separable convolutions, a small feature pyramid, one head per stride.

Anchor-free like YuNet (Wu, Peng and Yu 2023), on one grey channel. Each cell of the strides 8, 16 and 32
predicts a score for being near the centre of a face, the box, and the five landmarks.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate

from engine.labels import LANDMARKS
from engine.tensors import STRIDES
from training.state import read_checkpoint

OUTPUTS = 1 + 4 + 2 * len(LANDMARKS)
PRIOR = 0.01  # score that an untrained network gives each cell (Lin et al. 2017)


@dataclass(frozen=True, slots=True)
class Widths:
    """Channels at each stride and in the pyramid; the defaults are the widest that meet the time limit."""

    half: int = 16
    quarter: int = 32
    eighth: int = 48
    sixteenth: int = 96
    last: int = 96
    pyramid: int = 48


class Stem(nn.Module):
    """The first convolution, with stride 2; the scaling of the pixels is folded into its weights."""

    def __init__(self, out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(nn.init.kaiming_normal_(torch.empty(out, 1, 3, 3)))
        self.normalise = nn.BatchNorm2d(out)

    def forward(self, frames: Tensor) -> Tensor:
        return torch.relu(self.normalise(conv2d(frames, self.weight / 128.0, stride=2, padding=1)))


class Separable(nn.Module):
    """Depthwise, then pointwise convolution; residual where input and output have the same shape."""

    def __init__(self, channels: int, out: int, size: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.spatial = nn.Sequential(
            nn.Conv2d(channels, channels, size, stride, size // 2, groups=channels, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        )
        self.mix = nn.Sequential(nn.Conv2d(channels, out, 1, bias=False), nn.BatchNorm2d(out))
        self.is_residual = channels == out and stride == 1

    def forward(self, features: Tensor) -> Tensor:
        mixed: Tensor = self.mix(self.spatial(features))
        return torch.relu(mixed + features if self.is_residual else mixed)


class DetectorNetwork(nn.Module):
    """(n, 1, height, width) grey 0..255, sides multiples of 32, to one (n, 15, cells) tensor.

    The 15 channels: logit of the score, box (centre offset in strides, log of width and height in
    strides), landmarks (offsets in strides), all relative to the centre of the cell. Cells are those of
    stride 8, then 16, then 32, each row by row.
    """

    def __init__(self, widths: Widths | None = None) -> None:
        super().__init__()
        w = widths or Widths()
        self.quarter = nn.Sequential(
            Stem(w.half), Separable(w.half, w.quarter, stride=2), Separable(w.quarter, w.quarter)
        )
        self.eighth = nn.Sequential(
            Separable(w.quarter, w.eighth, stride=2), *(Separable(w.eighth, w.eighth) for _ in range(3))
        )
        self.sixteenth = nn.Sequential(
            Separable(w.eighth, w.sixteenth, stride=2),
            *(Separable(w.sixteenth, w.sixteenth, 5) for _ in range(2)),
        )
        self.last = nn.Sequential(
            Separable(w.sixteenth, w.last, stride=2), *(Separable(w.last, w.last, 5) for _ in range(2))
        )
        widths_of_levels = (w.eighth, w.sixteenth, w.last)
        self.lateral = nn.ModuleList(nn.Conv2d(channels, w.pyramid, 1) for channels in widths_of_levels)
        self.smooth = nn.ModuleList(Separable(w.pyramid, w.pyramid) for _ in STRIDES)
        self.head = nn.ModuleList(nn.Conv2d(w.pyramid, OUTPUTS, 1) for _ in STRIDES)
        self._initialise()

    def forward(self, frames: Tensor) -> Tensor:
        features = self.quarter(frames)
        levels = []
        for stage, lateral in zip((self.eighth, self.sixteenth, self.last), self.lateral, strict=True):
            features = stage(features)
            levels.append(lateral(features))
        for finer in (1, 0):
            levels[finer] = levels[finer] + interpolate(levels[finer + 1], scale_factor=2.0, mode="nearest")
        cells = [
            head(smooth(level)).flatten(2)
            for level, smooth, head in zip(levels, self.smooth, self.head, strict=True)
        ]
        return torch.cat(cells, dim=2)

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        for head in self.head:
            assert isinstance(head, nn.Conv2d)
            nn.init.normal_(head.weight, std=0.01)
            assert head.bias is not None
            nn.init.zeros_(head.bias)
            nn.init.constant_(head.bias[0], float(torch.logit(torch.tensor(PRIOR))))


class ExportedDetector(nn.Module):
    """The network with the outputs that the engine reads.

    (n, 1, height, width) to `score` (n, cells), `box` (n, cells, 4) and `landmark` (n, cells, 10).
    """

    def __init__(self, network: DetectorNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        cells = self.network(frames)
        box, landmark = cells[:, 1:5].transpose(1, 2), cells[:, 5:].transpose(1, 2)
        return torch.sigmoid(cells[:, 0]), box, landmark


def read_network(checkpoint: Path) -> DetectorNetwork:
    """Return a network with the averaged weights of a checkpoint."""
    network = DetectorNetwork()
    network.load_state_dict(read_checkpoint(checkpoint)["average"])
    return network
