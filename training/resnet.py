"""The two residual networks that read an aligned face: its expression and its 15 keypoints."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

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
    """A stem that shrinks the picture by `stride`, then stages that halve it: pixels 0..255 to features."""

    def __init__(self, stem: int, stride: int, widths: Sequence[int], depths: Sequence[int]) -> None:
        super().__init__(
            nn.Conv2d(1, stem, 2 * stride + 1, stride, stride, bias=False),
            nn.BatchNorm2d(stem),
            nn.ReLU(inplace=True),
        )
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
