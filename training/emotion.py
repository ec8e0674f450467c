"""Trains the emotion network: `python -m training.emotion`; goes on from its last checkpoint."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.card import MODELS
from engine.records import Floats
from engine.stages.crop import Alignment, align
from training.emotion_batches import Batch, Batches, Settings, cut_all
from training.emotion_release import leave_report, release
from training.emotion_teachers import build, read_teachers
from training.faces import Expressions, Pixels, read_expressions
from training.landmarks import landmarks_of, with_mean
from training.loop import Schedule, epochs
from training.scores import Numbers, emotion_metrics, fit_temperature
from training.script import run_script
from training.state import CHECKPOINTS, TrainingState, averaged, device, read_settings

YUNET = "face_detection_yunet_2023mar_dynamic.onnx"


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


def main() -> None:
    here = Path(__file__).parent
    shared = here.parents[1] / "shared"
    parser = argparse.ArgumentParser(prog="python -m training.emotion", description=__doc__)
    parser.add_argument("--run", type=Path, default=here / "runs" / "emotion.toml", help="settings")
    parser.add_argument("--data", type=Path, default=shared / "data")
    parser.add_argument(
        "--teacher", type=Path, default=shared / "models" / YUNET, help="finds the eyes, once"
    )
    parser.add_argument("--checkpoint", type=Path, help="default: the run's name in training/checkpoints/")
    parser.add_argument(
        "--models", type=Path, help="folder for weights and card; default: the engine's for emotion.toml"
    )
    parser.add_argument("--start", type=Path, help="checkpoint of another run, whose weights to begin with")
    parser.add_argument("--until", type=int, help="stop after this epoch; 0 exports the last checkpoint")
    asked = parser.parse_args()

    torch.set_num_threads(1)  # at this size a second thread gains little
    settings = read_settings(asked.run, Settings)
    faces = read_expressions(asked.data, settings.split)
    alignments = [align(points) for points in with_mean(landmarks_of(faces.pixels, asked.teacher))]
    checkpoint = asked.checkpoint or CHECKPOINTS / f"{asked.run.stem}.pt"
    state = train(settings, faces, alignments, checkpoint, until=asked.until, start=asked.start)

    crops, label = cut_all(faces, alignments, faces.validation), faces.label[faces.validation]
    logits = predict(state.average, crops)
    temperature = fit_temperature(logits, label)
    if settings.split == "clean":
        measured: dict[str, Any] = {
            "temperature": temperature,
            "metrics": {"validation": emotion_metrics(logits, label, temperature)},
            "epochs_done": state.epoch,
        }
        folder = asked.models or (MODELS if asked.run.stem == "emotion" else here / "report" / asked.run.stem)
        weights = release(state.average, crops, settings, measured, folder)
        print(f"{weights}: on the validation photos {row(figures(logits, label))}")
    else:
        tested = predict(state.average, cut_all(faces, alignments, faces.test))
        said = emotion_metrics(tested, faces.label[faces.test], temperature)
        print(leave_report(said, settings, state.epoch, asked.run.with_suffix(".json")))


if __name__ == "__main__":
    run_script(main)
