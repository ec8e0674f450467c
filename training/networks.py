"""The two residual networks that read an aligned face: its expression and its 15 keypoints."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.labels import KEYPOINTS, LABELS
from engine.stages.crop import SIDE

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


class EmotionNetwork(nn.Module):
    """(n, 1, 96, 96) pixels to (n, 7) logits.

    FER2013's pictures are 48x48: a stem that shrinks by 2 keeps all there is of them, one that shrinks by 3
    makes all that follows cost less than half.
    """

    def __init__(self, trunk: Trunk, dropout: float) -> None:
        super().__init__()
        self.trunk = trunk
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(trunk.width, len(LABELS))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.dropout(self.trunk(x).mean(dim=(2, 3))))  # type: ignore[no-any-return]


class KeypointNetwork(nn.Module):
    """(n, 1, 96, 96) pixels to (n, 15, 2) keypoints in pixels of the crop.

    Each cell of a 12x12 map says for each point how sure it is and where, seen from itself, the point lies;
    the point is the mean of all that is said, weighted by how sure (Sun et al. 2018, with offsets).
    """

    cell: Tensor  # (12 * 12, 2) centres of the cells in pixels

    def __init__(self, stem: int, widths: Sequence[int], depths: Sequence[int]) -> None:
        super().__init__()
        *_, fine, coarse = widths
        self.fine = Trunk(stem, 2, widths[:-1], depths[:-1])
        self.coarse = nn.Sequential(
            Block(fine, coarse, stride=2), *(Block(coarse, coarse, stride=1) for _ in range(depths[-1] - 1))
        )
        self.narrow = nn.Conv2d(coarse, fine, 1)
        self.join = Block(fine, fine, stride=1)
        self.head = nn.Conv2d(fine, 3 * len(KEYPOINTS), 1)
        self.stride = 1 << len(widths)
        along = torch.arange(SIDE // self.stride) * self.stride + (self.stride - 1) / 2
        self.register_buffer("cell", torch.cartesian_prod(along, along).flip(1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.read(x)[1]

    def read(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """How sure each cell is of each point, (n, 15, 144) logits, and the (n, 15, 2) points."""
        fine = self.fine(x)
        around = functional.interpolate(self.narrow(self.coarse(fine)), scale_factor=2.0, mode="nearest")
        said = self.head(self.join(fine + around)).float().flatten(2).unflatten(1, (3, len(KEYPOINTS)))
        sure = said[:, 0].softmax(dim=2)
        x_of, y_of = (said[:, 1 + k] * self.stride + self.cell[:, k] for k in (0, 1))
        points = torch.stack([(sure * x_of).sum(dim=2), (sure * y_of).sum(dim=2)], dim=2)
        return said[:, 0], points

    def nearness(self, points: Tensor) -> Tensor:
        """(n, 15, 144): which cells should be sure of (n, 15, 2) points, those within about a cell's side."""
        squared = (points[:, :, None] - self.cell).square().sum(dim=3)
        return (-squared / (2 * (0.7 * self.stride) ** 2)).softmax(dim=2)
