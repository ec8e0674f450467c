"""The two residual networks that read an aligned face: its expression and its 15 keypoints."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from engine.crop import EYE_DISTANCE, EYE_MIDPOINT, SIDE
from engine.labels import KEYPOINTS, LABELS

# Mean and deviation of the aligned crops of FER2013's training pictures; the graph does the scaling.
MEAN, DEVIATION = 131.0, 62.0


class Block(nn.Module):
    """Two 3x3 convolutions around which the input goes by (He et al. 2015; ResNet-D's pooled shortcut)."""

    def __init__(self, width_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.path = nn.Sequential(
            nn.Conv2d(width_in, width, 3, stride, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, 1, 1, bias=False),
            nn.BatchNorm2d(width),
        )
        # A block that starts as the identity trains more steadily (Goyal et al. 2017).
        nn.init.zeros_(self.path[4].weight)  # type: ignore[arg-type]
        self.shortcut = nn.Sequential()
        if stride > 1:
            self.shortcut.append(nn.AvgPool2d(stride, stride, ceil_mode=True))
        if width_in != width:
            self.shortcut.append(nn.Conv2d(width_in, width, 1, bias=False))
            self.shortcut.append(nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.path(x) + self.shortcut(x))


class Trunk(nn.Sequential):
    """A 5x5 stem that halves the picture, then stages that halve it again: pixels 0..255 to features.

    FER2013 is 48x48, so the halving in the stem costs it nothing.
    """

    def __init__(self, stem: int, widths: Sequence[int], depths: Sequence[int]) -> None:
        super().__init__(nn.Conv2d(1, stem, 5, 2, 2, bias=False), nn.BatchNorm2d(stem), nn.ReLU(inplace=True))
        before = stem
        for width, depth in zip(widths, depths, strict=True):
            for k in range(depth):
                self.append(Block(before, width, stride=2 if k == 0 else 1))
                before = width
        self.width = before

    def forward(self, x: Tensor) -> Tensor:
        x = (x - MEAN) / DEVIATION
        for layer in self:
            x = layer(x)
        return x


class EmotionNetwork(nn.Module):
    """(n, 1, 96, 96) pixels to (n, 7) logits; smaller pictures work too, for the early epochs."""

    def __init__(self, stem: int, widths: Sequence[int], depths: Sequence[int], dropout: float) -> None:
        super().__init__()
        self.trunk = Trunk(stem, widths, depths)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.trunk.width, len(LABELS))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.dropout(self.trunk(x).mean(dim=(2, 3))))  # type: ignore[no-any-return]


class KeypointNetwork(nn.Module):
    """(n, 1, 96, 96) pixels to (n, 15, 2) keypoints in pixels of the crop.

    The last features keep their places (a flattened 6x6 map): a mean over them would lose where things are.
    """

    def __init__(self, stem: int, widths: Sequence[int], depths: Sequence[int]) -> None:
        super().__init__()
        self.trunk = Trunk(stem, widths, depths)
        cells = (SIDE >> (len(widths) + 1)) ** 2
        self.squeeze = nn.Sequential(
            nn.Conv2d(self.trunk.width, 32, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU(inplace=True)
        )
        self.head = nn.Linear(32 * cells, 2 * len(KEYPOINTS))
        nn.init.normal_(self.head.weight, std=0.001)

    def forward(self, x: Tensor) -> Tensor:
        # The head speaks of the distance from the eyes' midpoint, in eye distances.
        offsets = self.head(self.squeeze(self.trunk(x)).flatten(1)).unflatten(1, (len(KEYPOINTS), 2))
        return offsets * EYE_DISTANCE + offsets.new_tensor(EYE_MIDPOINT)  # type: ignore[no-any-return]
