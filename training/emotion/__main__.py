"""Trains the emotion network; goes on from its last checkpoint."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from engine.card import MODELS
from engine.stages.crop import align
from training.command import run_script
from training.data.faces import read_expressions
from training.data.landmarks import landmarks_of, with_mean
from training.emotion.batches import Settings, cut_all
from training.emotion.metrics import emotion_metrics, fit_temperature
from training.emotion.release import leave_report, release
from training.emotion.train import figures, predict, row, train
from training.paths import CHECKPOINTS, DATA, REPORT, RUNS, SHARED, YUNET
from training.state import read_settings


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m training.emotion", description=__doc__)
    parser.add_argument("--run", type=Path, default=RUNS / "emotion.toml", help="settings")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--teacher", type=Path, default=SHARED / YUNET, help="finds the eyes, once")
    parser.add_argument("--checkpoint", type=Path, help="default: the run's name in training/checkpoints/")
    parser.add_argument(
        "--models", type=Path, help="folder for weights and card; default: the engine's for emotion.toml"
    )
    parser.add_argument("--start", type=Path, help="checkpoint of another run, whose weights to begin with")
    parser.add_argument("--until", type=int, help="stop after this epoch; 0 exports the last checkpoint")
    asked = parser.parse_args(arguments)

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
        folder = asked.models or (MODELS if asked.run.stem == "emotion" else REPORT / asked.run.stem)
        weights = release(state.average, crops, settings, measured, folder)
        print(f"{weights}: on the validation photos {row(figures(logits, label))}")
    else:
        tested = predict(state.average, cut_all(faces, alignments, faces.test))
        said = emotion_metrics(tested, faces.label[faces.test], temperature)
        print(leave_report(said, settings, state.epoch, asked.run.with_suffix(".json")))


if __name__ == "__main__":
    run_script(main)
