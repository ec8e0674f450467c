"""Training of the face detector."""

from functools import partial
from pathlib import Path

from torch import Tensor
from torch.optim import AdamW

from training.detector.batches import DetectorBatches, DetectorSettings
from training.detector.loss import DetectorBatch, compute_loss
from training.detector.network import DetectorNetwork
from training.loop import train_epochs
from training.state import TrainingState


def train(
    settings: DetectorSettings,
    batches: DetectorBatches,
    checkpoint: Path,
    *,
    until: int | None = None,
    start: Path | None = None,
) -> TrainingState:
    """Train up to epoch `until` (default: all); `checkpoint` and `start` are those of TrainingState.begin."""
    adamw = partial(AdamW, weight_decay=settings.weight_decay)
    state = TrainingState.begin(settings, DetectorNetwork, adamw, checkpoint, start)
    for metrics in train_epochs(state, batches, loss_of, until=until):
        state.record(metrics)
    return state


def loss_of(network: DetectorNetwork, batch: DetectorBatch) -> tuple[Tensor, dict[str, float]]:
    return compute_loss(network(batch.frames).float(), batch)
