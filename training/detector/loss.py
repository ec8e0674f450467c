"""The detector's loss: the score, the box, the landmarks."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, smooth_l1_loss

from engine.tensors import MAX_LOG_SIDE

# Weights of the three parts. With 4 for the landmarks the eyes were 6 % of the face away after 7,750 steps.
SCORE, BOX, LANDMARKS = 1.0, 2.0, 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Scenes with what they ask of the network; the k answering cells of all scenes in one row."""

    frames: Tensor  # (n, 1, side, side) float32 0..255
    grid: Tensor  # (cells, 3) middle and stride
    scores: Tensor  # (n, cells) what each cell should say
    counted: Tensor  # (n, cells) bool
    scene: Tensor  # (k,) int64
    cell: Tensor  # (k,) int64
    boxes: Tensor  # (k, 4) pixels
    landmarks: Tensor  # (k, 5, 2) pixels


def loss(outputs: Tensor, batch: Batch) -> tuple[Tensor, dict[str, float]]:
    """The loss of (n, 15, cells) outputs, and its parts for the log."""
    answers = outputs[batch.scene, :, batch.cell]
    place = batch.grid[batch.cell]
    boxes = decode_boxes(answers[:, 1:5], place)
    overlap, distance = fit(boxes, batch.boxes)
    worth = batch.scores[batch.scene, batch.cell]
    faces = worth.sum().clamp(min=1.0)
    score = _score_loss(outputs[:, 0], batch.scores, batch.counted) / faces
    box = ((1.0 - overlap + distance) * worth).sum() / faces
    points = place[:, None, :2] + answers[:, 5:].reshape(-1, 5, 2) * place[:, None, 2:]
    size = (batch.boxes[:, 2:] - batch.boxes[:, :2]).prod(dim=1).sqrt()[:, None, None]
    error = smooth_l1_loss(points / size, batch.landmarks / size, beta=0.02, reduction="none")
    landmarks = (error.mean(dim=(1, 2)) * worth).sum() / faces
    total = SCORE * score + BOX * box + LANDMARKS * landmarks
    return total, {"score": score.item(), "box": box.item(), "landmarks": landmarks.item()}


def decode_boxes(raw: Tensor, place: Tensor) -> Tensor:
    """(k, 4) raw boxes at (k, 3) cells to left, top, right, bottom in pixels."""
    centre = place[:, :2] + raw[:, :2] * place[:, 2:]
    half = torch.exp(raw[:, 2:].clamp(max=MAX_LOG_SIDE)) * place[:, 2:] / 2
    return torch.cat([centre - half, centre + half], dim=1)


def fit(boxes: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """IoU of each box with its label, and the distance of the middles (Zheng et al. 2020, DIoU)."""
    low, high = torch.maximum(boxes[:, :2], labels[:, :2]), torch.minimum(boxes[:, 2:], labels[:, 2:])
    shared = (high - low).clamp(min=0).prod(dim=1)
    areas = [(either[:, 2:] - either[:, :2]).prod(dim=1) for either in (boxes, labels)]
    overlap = shared / (areas[0] + areas[1] - shared).clamp(min=1e-6)
    hull = torch.maximum(boxes[:, 2:], labels[:, 2:]) - torch.minimum(boxes[:, :2], labels[:, :2])
    apart = (boxes[:, :2] + boxes[:, 2:] - labels[:, :2] - labels[:, 2:]) / 2
    return overlap, apart.square().sum(dim=1) / hull.square().sum(dim=1).clamp(min=1e-6)


def _score_loss(logits: Tensor, target: Tensor, counted: Tensor) -> Tensor:
    """Cross entropy less that of the perfect answer, which scores between 0 and 1 would leave.

    Background counts as much as it is taken for a face. With the square of that (Zhang et al. 2021) one photo
    in eight had a false face of score .6, the photos learnt from no fewer than the held-out ones.
    """
    probability = torch.sigmoid(logits.detach())
    weight = torch.maximum(target, probability)
    loss = binary_cross_entropy_with_logits(logits, target, reduction="none")
    least = -torch.xlogy(target, target) - torch.xlogy(1 - target, 1 - target)
    return ((loss - least) * weight * counted).sum()
