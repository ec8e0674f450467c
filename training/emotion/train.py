"""Trains the emotion network: `python -m training.emotion`; goes on from its last checkpoint."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.records import Floats
from engine.stages.crop import Alignment
from training.data.faces import Expressions, Pixels
from training.emotion.batches import Batch, Batches, Settings, cut_all
from training.emotion.metrics import Numbers, emotion_metrics, fit_temperature
from training.emotion.teachers import build, read_teachers
from training.loop import Schedule, epochs
from training.state import TrainingState, averaged, device


def train(
    settings: Settings,
    faces: Expressions,
    alignments: Sequence[Alignment],
    checkpoint: Path,
    *,
    until: int | None = None,
    start: Path | None = None,
) -> TrainingState:
    """Trains up to epoch `until` (all of them by default); goes on from `checkpoint` where that exists.

    Where it does not, `start` may name the checkpoint of another run, whose weights are a beginning.
    """
    torch.manual_seed(settings.seed)
    network = build(settings)
    if start is not None:
        network.load_state_dict(averaged(start))
    network.to(device(), memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.SGD(
        network.parameters(), settings.rate, momentum=0.9, weight_decay=settings.decay, nesterov=True
    )
    state = TrainingState.start(network, optimizer)
    if checkpoint.exists():
        state.load(checkpoint, settings)

    def save() -> None:
        state.save(checkpoint, settings)

    teachers = read_teachers(settings.teachers, checkpoint.parent) if settings.teachers else None

    def cost(network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        crops, wanted = batch.mixed()
        if teachers is not None:
            wanted = wanted.lerp(teachers(crops), settings.taught)
        loss = functional.cross_entropy(network(crops).float(), wanted)
        return loss, {"loss": loss.item()}

    batches = Batches(faces, alignments, settings)
    schedule = Schedule(settings.seed, settings.epochs, batches.steps, settings.rate, settings.average)
    held_out, label = cut_all(faces, alignments, faces.validation), faces.label[faces.validation]
    for told in epochs(state, batches, cost, schedule, save, until=until):
        state.history.append(told | figures(predict(state.average, held_out), label))
        save()
        print(f"epoch {state.epoch}: {row(state.history[-1])}", flush=True)
    return state


def predict(network: nn.Module, crops: Pixels) -> Floats:
    """(n, 7) logits of (n, 96, 96) crops."""
    pixels = torch.from_numpy(crops).unsqueeze(1)
    with torch.inference_mode():
        parts = [network(part.float().to(device())).cpu() for part in torch.split(pixels, 256)]
    return np.asarray(torch.cat(parts).numpy())


def figures(logits: Floats, label: Numbers) -> dict[str, float]:
    """What is watched over a run, at the temperature that suits these pictures best."""
    seen = emotion_metrics(logits, label, fit_temperature(logits, label))
    return {
        "seven": seen["seven"]["accuracy"],
        "five": seen["five"]["accuracy"],
        "five_f1": seen["five"]["macro_f1"],
        "ece": seen["ece"],
    }


def row(said: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in said.items())
