"""Training of the keypoint network."""

from functools import partial
from pathlib import Path

import numpy as np
from torch import Tensor
from torch.nn.functional import smooth_l1_loss
from torch.optim import AdamW

from engine.records import Floats
from training.crops import CropSettings
from training.data.faces import Portraits
from training.inference import predict
from training.keypoints.batches import DETECTOR_JITTER, KeypointBatch, KeypointBatches, cut_jittered_faces
from training.keypoints.network import KeypointNetwork
from training.loop import train_epochs
from training.state import TrainingState

# Error in pixels from which the loss grows linearly: a detector set the labels, and some are wrong.
HUBER_BETA = 2.0
# Weight of the cross entropy between the cells' weights and a heatmap, which speeds up the first epochs.
HEATMAP_WEIGHT = 0.2


def train(
    settings: CropSettings,
    portraits: Portraits,
    checkpoint: Path,
    *,
    until: int | None = None,
    start: Path | None = None,
) -> TrainingState:
    """Train up to epoch `until` (default: all); `checkpoint` and `start` are those of TrainingState.begin."""
    build = partial(KeypointNetwork, settings.stem_width, settings.widths, settings.depths)
    adamw = partial(AdamW, weight_decay=settings.weight_decay)
    state = TrainingState.begin(settings, build, adamw, checkpoint, start)
    crops, points = cut_jittered_faces(portraits, portraits.validation, DETECTOR_JITTER)
    for metrics in train_epochs(state, KeypointBatches(portraits, settings), compute_loss, until=until):
        state.record(metrics | keypoint_metrics(predict(state.average, crops), points))
    return state


def compute_loss(network: KeypointNetwork, batch: KeypointBatch) -> tuple[Tensor, dict[str, float]]:
    """Return the Huber loss of the keypoints plus the weighted cross entropy of the cells."""
    logits, points = network.logits_and_points(batch.crops.float())
    heatmaps = network.heatmaps(batch.points)
    cross_entropy = -(heatmaps * logits.log_softmax(dim=2)).sum(dim=2).mean()
    loss = smooth_l1_loss(points, batch.points, beta=HUBER_BETA) + HEATMAP_WEIGHT * cross_entropy
    return loss, {"loss": loss.item()}


def keypoint_metrics(predicted: Floats, points: Floats) -> dict[str, float]:
    """Compare (n, 15, 2) keypoints with the labels.

    `rmse` is that of the coordinates in pixels of the crop, as in Kaggle's contest; `nme` is the mean of the
    distance divided by the eye distance.
    """
    distance = np.linalg.norm(predicted - points, axis=2)
    eye_distance = np.linalg.norm(points[:, 0] - points[:, 1], axis=1)
    return {
        "rmse": float(np.sqrt(np.mean((predicted - points) ** 2))),
        "nme": float((distance.mean(axis=1) / eye_distance).mean()),
    }
