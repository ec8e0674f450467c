"""The detector's loss: score, box and landmarks."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, smooth_l1_loss

from engine.tensors import MAX_LOG_SIDE

# Weights of the three parts. With 4 for the landmarks the eyes were 6 % of the face away after 7,750 steps.
SCORE_WEIGHT, BOX_WEIGHT, LANDMARK_WEIGHT = 1.0, 2.0, 10.0


@dataclass(frozen=True, slots=True, eq=False)
class DetectorBatch:
    """Scenes with their targets; the k positive cells of all scenes are listed together."""

    frames: Tensor  # (n, 1, side, side) float32 0..255
    grid: Tensor  # (cells, 3) centre and stride
    scores: Tensor  # (n, cells) target scores
    counted: Tensor  # (n, cells) bool; False: left out of the loss
    scene: Tensor  # (k,) int64, index of each positive cell's scene
    cell: Tensor  # (k,) int64, its index in the grid
    boxes: Tensor  # (k, 4) pixels
    landmarks: Tensor  # (k, 5, 2) pixels


def compute_loss(outputs: Tensor, batch: DetectorBatch) -> tuple[Tensor, dict[str, float]]:
    """Return the loss of (n, 15, cells) outputs, and its parts as metrics."""
    positives = outputs[batch.scene, :, batch.cell]
    cells = batch.grid[batch.cell]
    weights = batch.scores[batch.scene, batch.cell]
    total_weight = weights.sum().clamp(min=1.0)
    score = _score_loss(outputs[:, 0], batch.scores, batch.counted) / total_weight
    box = (diou_loss(decode_boxes(positives[:, 1:5], cells), batch.boxes) * weights).sum() / total_weight
    points = cells[:, None, :2] + positives[:, 5:].reshape(-1, 5, 2) * cells[:, None, 2:]
    size = (batch.boxes[:, 2:] - batch.boxes[:, :2]).prod(dim=1).sqrt()[:, None, None]
    errors = smooth_l1_loss(points / size, batch.landmarks / size, beta=0.02, reduction="none")
    landmarks = (errors.mean(dim=(1, 2)) * weights).sum() / total_weight
    total = SCORE_WEIGHT * score + BOX_WEIGHT * box + LANDMARK_WEIGHT * landmarks
    return total, {"score": score.item(), "box": box.item(), "landmarks": landmarks.item()}


def decode_boxes(outputs: Tensor, cells: Tensor) -> Tensor:
    """Decode (k, 4) outputs at (k, 3) cells of the grid to left, top, right, bottom in pixels."""
    centre = cells[:, :2] + outputs[:, :2] * cells[:, 2:]
    half = torch.exp(outputs[:, 2:].clamp(max=MAX_LOG_SIDE)) * cells[:, 2:] / 2
    return torch.cat([centre - half, centre + half], dim=1)


def diou_loss(boxes: Tensor, labels: Tensor) -> Tensor:
    """Return (k,) the distance-IoU loss of (k, 4) boxes: 1 - IoU + squared distance of the centres.

    The distance is relative to the diagonal of the smallest box around both (Zheng et al. 2020).
    """
    low, high = torch.maximum(boxes[:, :2], labels[:, :2]), torch.minimum(boxes[:, 2:], labels[:, 2:])
    intersection = (high - low).clamp(min=0).prod(dim=1)
    areas = [(either[:, 2:] - either[:, :2]).prod(dim=1) for either in (boxes, labels)]
    iou = intersection / (areas[0] + areas[1] - intersection).clamp(min=1e-6)
    hull = torch.maximum(boxes[:, 2:], labels[:, 2:]) - torch.minimum(boxes[:, :2], labels[:, :2])
    offset = (boxes[:, :2] + boxes[:, 2:] - labels[:, :2] - labels[:, 2:]) / 2
    distance = offset.square().sum(dim=1) / hull.square().sum(dim=1).clamp(min=1e-6)
    return 1.0 - iou + distance


def _score_loss(logits: Tensor, targets: Tensor, counted: Tensor) -> Tensor:
    """Return the cross entropy less that of a perfect prediction, which is not 0 for targets between 0 and 1.

    Background cells are weighted by their predicted score. With its square, as in the varifocal loss (Zhang
    et al. 2021), one photo in eight had a false positive of score .6, among the training photos too.
    """
    predicted = torch.sigmoid(logits.detach())
    weight = torch.maximum(targets, predicted)
    loss = binary_cross_entropy_with_logits(logits, targets, reduction="none")
    minimum = -torch.xlogy(targets, targets) - torch.xlogy(1 - targets, 1 - targets)
    return ((loss - minimum) * weight * counted).sum()
