"""Training of the emotion network."""

from functools import partial
from pathlib import Path

from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import SGD

from engine.records import Floats
from engine.stages.crop import Alignment
from training.arrays import Integers
from training.data.faces import Expressions
from training.emotion.batches import EmotionBatch, EmotionBatches, EmotionSettings, cut_aligned
from training.emotion.metrics import emotion_metrics, fit_temperature
from training.emotion.network import Ensemble, build_network, read_teachers
from training.inference import predict
from training.loop import train_epochs
from training.state import TrainingState


def train(
    settings: EmotionSettings,
    faces: Expressions,
    alignments: list[Alignment],
    checkpoint: Path,
    *,
    until: int | None = None,
    start: Path | None = None,
) -> TrainingState:
    """Train up to epoch `until` (default: all); `checkpoint` and `start` are those of TrainingState.begin."""
    sgd = partial(SGD, momentum=0.9, weight_decay=settings.weight_decay, nesterov=True)
    state = TrainingState.begin(settings, lambda: build_network(settings), sgd, checkpoint, start)
    teachers = read_teachers(settings.teachers, checkpoint.parent) if settings.teachers else None
    loss_of = partial(compute_loss, teachers=teachers, distill_weight=settings.distill_weight)
    batches = EmotionBatches(faces, alignments, settings)
    crops, labels = cut_aligned(faces, alignments, faces.validation), faces.labels[faces.validation]
    for metrics in train_epochs(state, batches, loss_of, until=until):
        state.record(metrics | validation_metrics(predict(state.average, crops), labels))
    return state


def compute_loss(
    network: nn.Module, batch: EmotionBatch, *, teachers: Ensemble | None, distill_weight: float
) -> tuple[Tensor, dict[str, float]]:
    """Return the cross entropy; teachers replace a share `distill_weight` of the labels' distribution."""
    crops, targets = batch.mixed()
    if teachers is not None:
        targets = targets.lerp(teachers(crops), distill_weight)
    loss = cross_entropy(network(crops).float(), targets)
    return loss, {"loss": loss.item()}


def validation_metrics(logits: Floats, labels: Integers) -> dict[str, float]:
    """Return the metrics that a run prints, at the temperature that suits these pictures best."""
    metrics = emotion_metrics(logits, labels, fit_temperature(logits, labels))
    return {
        "seven": metrics["seven"]["accuracy"],
        "five": metrics["five"]["accuracy"],
        "five_f1": metrics["five"]["macro_f1"],
        "ece": metrics["ece"],
    }
