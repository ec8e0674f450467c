"""The network that reads the 15 keypoints of an aligned face."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.labels import KEYPOINTS
from engine.tensors import CROP_SIDE
from training.resnet import Block, Trunk


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
        along = torch.arange(CROP_SIDE // self.stride) * self.stride + (self.stride - 1) / 2
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
