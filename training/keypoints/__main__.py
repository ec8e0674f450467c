"""Trains the keypoint network; goes on from its last checkpoint."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch

from engine.card import MODELS
from training.command import run_script
from training.data.faces import read_portraits
from training.export import KEYPOINT, export
from training.keypoints.batches import DETECTOR, Settings, cut_all
from training.keypoints.train import describe, predict, row, score, train
from training.paths import CHECKPOINTS, DATA, RUNS
from training.state import read_settings


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m training.keypoints", description=__doc__)
    parser.add_argument("--run", type=Path, default=RUNS / "keypoints.toml", help="settings")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--checkpoint", type=Path, default=CHECKPOINTS / "keypoints.pt")
    parser.add_argument("--start", type=Path, help="checkpoint of another run, whose weights to begin with")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder for the weights and their card")
    parser.add_argument("--until", type=int, help="stop after this epoch")
    asked = parser.parse_args(arguments)

    torch.set_num_threads(1)  # at this size a second thread gains little
    settings = read_settings(asked.run, Settings)
    portraits = read_portraits(asked.data)
    state = train(settings, portraits, asked.checkpoint, until=asked.until, start=asked.start)
    crops, points = cut_all(portraits, portraits.validation, DETECTOR)
    validation = score(predict(state.average, crops), points) | {"n": len(crops)}
    examples = [torch.from_numpy(crops[:n]).float().unsqueeze(1) for n in (2, 16)]
    card = describe(state, settings, {"validation": validation})
    weights = export(state.average.cpu(), examples, KEYPOINT, card, asked.models)
    print(f"{weights}: on the validation people {row(validation)}")


if __name__ == "__main__":
    run_script(main)
