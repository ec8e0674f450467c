"""Residual blocks and the trunk of the two networks that read an aligned face."""

import torch
from torch import Tensor, nn

# Mean and standard deviation of the aligned crops of FER2013's training pictures; the graph normalises.
MEAN, DEVIATION = 131.0, 62.0


class Block(nn.Module):
    """Two 3x3 convolutions with a shortcut (He et al. 2015), which pools where the stride is 2 (ResNet-D)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.path = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        # A block that starts as the identity trains more steadily (Goyal et al. 2017).
        nn.init.zeros_(self.path[4].weight)  # type: ignore[arg-type]
        self.shortcut = nn.Sequential()
        if stride > 1:
            self.shortcut.append(nn.AvgPool2d(stride, stride, ceil_mode=True))
        if in_channels != out_channels:
            resize = nn.Conv2d(in_channels, out_channels, 1, bias=False)
            self.shortcut.extend([resize, nn.BatchNorm2d(out_channels)])

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.path(x) + self.shortcut(x))


class Trunk(nn.Sequential):
    """(n, 1, height, width) pixels 0..255 to (n, `channels`, ...) features: a stem, then stages of blocks.

    The stem downsamples by `stem_stride` and each stage by 2.
    """

    def __init__(self, stem_width: int, stem_stride: int, widths: list[int], depths: list[int]) -> None:
        super().__init__(
            nn.Conv2d(1, stem_width, 2 * stem_stride + 1, stem_stride, stem_stride, bias=False),
            nn.BatchNorm2d(stem_width),
            nn.ReLU(inplace=True),
        )
        self.channels = stem_width
        for width, depth in zip(widths, depths, strict=True):
            for k in range(depth):
                self.append(Block(self.channels, width, stride=2 if k == 0 else 1))
                self.channels = width

    def forward(self, x: Tensor) -> Tensor:
        x = (x - MEAN) / DEVIATION
        for layer in self:
            x = layer(x)
        return x
