"""Trains the face detector; a run that was cut off goes on from its last checkpoint."""

import argparse
import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from engine.card import MODELS
from training.command import run_script
from training.detector.network import DetectorNetwork
from training.detector.photos import held_out
from training.detector.release import release
from training.detector.scenes import Composer
from training.detector.train import Batches, Settings, invented, photos, train
from training.paths import CACHE, CHECKPOINTS, DATA, RUNS, SHARED, YUNET
from training.state import read_settings

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None, cache: Path = CACHE) -> None:
    parser = argparse.ArgumentParser(prog="python -m training.detector", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--run", type=Path, default=RUNS / "detector.toml")
    parser.add_argument("--teacher", type=Path, default=SHARED / YUNET, help="says what to learn")
    parser.add_argument("--checkpoint", type=Path, default=CHECKPOINTS / "detector.pt")
    parser.add_argument("--start", type=Path, help="checkpoint of another run, whose weights to begin with")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder for the weights and their card")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(options.threads)
    settings = read_settings(options.run, Settings)
    people, faces = photos(options.data, cache, options.teacher)
    shown = [photo for photo in people if not held_out(photo.name)]
    composer = Composer(shown, faces, settings.seed, invented(options.start, shown))
    state = train(Batches(composer, settings, options.teacher), options.checkpoint, start=options.start)
    assert isinstance(state.average, DetectorNetwork)
    weights = release(state.average, asdict(settings), people, options.models)
    log.info("wrote %s", weights)


if __name__ == "__main__":
    run_script(main)
