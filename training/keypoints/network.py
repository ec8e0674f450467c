"""The network that locates the 15 keypoints of an aligned face."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.labels import KEYPOINTS
from engine.tensors import CROP_SIDE
from training.resnet import Block, Trunk


class KeypointNetwork(nn.Module):
    """(n, 1, 96, 96) pixels 0..255 to (n, 15, 2) keypoints in pixels of the crop.

    Each cell of a 12x12 map predicts, for each keypoint, a logit and the offset from the cell to the point.
    The point is the mean over the cells, weighted by the softmax of the logits (integral regression, Sun et
    al. 2018, with offsets).
    """

    cell: Tensor  # (12 * 12, 2) centres of the cells in pixels

    def __init__(self, stem_width: int, widths: list[int], depths: list[int]) -> None:
        super().__init__()
        *_, fine, coarse = widths
        self.fine = Trunk(stem_width, 2, widths[:-1], depths[:-1])
        self.coarse = nn.Sequential(
            Block(fine, coarse, stride=2), *(Block(coarse, coarse, stride=1) for _ in range(depths[-1] - 1))
        )
        self.narrow = nn.Conv2d(coarse, fine, 1)
        self.join = Block(fine, fine, stride=1)
        self.head = nn.Conv2d(fine, 3 * len(KEYPOINTS), 1)
        self.stride = 1 << len(widths)
        centres = torch.arange(CROP_SIDE // self.stride) * self.stride + (self.stride - 1) / 2
        self.register_buffer("cell", torch.cartesian_prod(centres, centres).flip(1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.logits_and_points(x)[1]

    def logits_and_points(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the (n, 15, 144) logits of the cells and the (n, 15, 2) keypoints."""
        fine = self.fine(x)
        context = functional.interpolate(self.narrow(self.coarse(fine)), scale_factor=2.0, mode="nearest")
        maps = self.head(self.join(fine + context)).float().flatten(2).unflatten(1, (3, len(KEYPOINTS)))
        weights = maps[:, 0].softmax(dim=2)
        x_of_cells, y_of_cells = (maps[:, 1 + k] * self.stride + self.cell[:, k] for k in (0, 1))
        points = torch.stack([(weights * x_of_cells).sum(dim=2), (weights * y_of_cells).sum(dim=2)], dim=2)
        return maps[:, 0], points

    def heatmaps(self, points: Tensor) -> Tensor:
        """Return (n, 15, 144) target probabilities of the cells: a Gaussian about each keypoint."""
        squared = (points[:, :, None] - self.cell).square().sum(dim=3)
        return (-squared / (2 * (0.7 * self.stride) ** 2)).softmax(dim=2)
