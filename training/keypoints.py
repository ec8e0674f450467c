"""Trains the keypoint network: `python -m training.keypoints`; goes on from its last checkpoint."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from engine.card import MODELS
from engine.crop import align, cut, transform
from engine.records import Floats
from training.augment import Jitter, cover, cut_misplaced, misplace, points_in_crop, spoil
from training.export import KEYPOINT, export, outputs_of
from training.faces import LANDMARK_POINTS, Mask, Pixels, Portraits, read_portraits
from training.networks import KeypointNetwork
from training.state import CHECKPOINTS, TrainingState, device, one_cycle, read_settings

# What a detector's landmarks are off by as a rule; the held-out faces are cut with such errors.
DETECTOR = Jitter(place=0.03, size=0.04, roll=2.0)
# Beyond this error in pixels a point pulls no harder: the labels came from a detector and some are wrong.
HUBER = 2.0
# Weight of telling the cells near a point from the others; it spares the first epochs a long search.
NEARNESS = 0.2

LIMITS = (
    "The points it learnt from were set by a landmark detector on pictures of YouTube videos, not by hand; "
    "they differ from Kaggle's convention by up to 2.7 px at the brows and 1 to 2 px elsewhere. 277 people, "
    "mostly public figures facing the camera; skin tones and ages were not measured. In profiles and covered "
    "faces the points that cannot be seen are guesses."
)


@dataclass(frozen=True, slots=True)
class Settings:
    """One run; `training/runs/keypoints.toml` says what each is."""

    seed: int
    epochs: int
    batch: int
    rate: float
    decay: float
    average: float
    stem: int
    widths: list[int]
    depths: list[int]
    place: float
    size: float
    roll: float
    spoiled: float
    covered: float


def train(
    settings: Settings,
    portraits: Portraits,
    checkpoint: Path,
    *,
    until: int | None = None,
) -> TrainingState:
    """Trains up to epoch `until` (all of them by default) and leaves a checkpoint after each."""
    torch.manual_seed(settings.seed)
    network = KeypointNetwork(settings.stem, settings.widths, settings.depths)
    network.to(device(), memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=settings.decay)
    state = TrainingState.start(network, optimizer)
    if checkpoint.exists():
        state.load(checkpoint, settings)

    rows = np.flatnonzero(portraits.train)
    steps = -(-len(rows) // settings.batch)
    held_out = cut_all(portraits, portraits.validation, DETECTOR)
    for epoch in range(state.epoch, settings.epochs if until is None else until):
        losses = []
        network.train()
        batches = tqdm(_batches(portraits, rows, settings, epoch), f"epoch {epoch + 1}", steps, leave=False)
        for step, (crops, points) in enumerate(batches):
            progress = (epoch + step / steps) / settings.epochs
            loss = _loss(network, crops.to(device()), points.to(device()))
            state.step(loss, settings.rate * one_cycle(progress), decay=settings.average)
            losses.append(loss.item())
        state.epoch = epoch + 1
        state.history.append(
            {"loss": float(np.mean(losses)), **score(predict(state.average, held_out[0]), held_out[1])}
        )
        state.save(checkpoint, settings)
        print(f"epoch {state.epoch}: {_row(state.history[-1])}", flush=True)
    return state


def _loss(network: KeypointNetwork, crops: Tensor, points: Tensor) -> Tensor:
    sure, found = network.read(crops)
    near = network.nearness(points)
    unsure = -(near * sure.log_softmax(dim=2)).sum(dim=2).mean()
    return functional.smooth_l1_loss(found, points, beta=HUBER) + NEARNESS * unsure


def cut_all(portraits: Portraits, chosen: Mask, jitter: Jitter) -> tuple[Pixels, Floats]:
    """(n, 96, 96) crops of the chosen faces, misplaced from a fixed seed, and their (n, 15, 2) points."""
    rng = np.random.default_rng(0)
    crops, points = [], []
    for row in np.flatnonzero(chosen):
        alignment = align(portraits.points[row][list(LANDMARK_POINTS)])
        to_picture = transform(misplace(alignment, jitter, rng))
        crops.append(cut(portraits.pixels[row], to_picture))
        points.append(points_in_crop(portraits.points[row], to_picture))
    return np.stack(crops), np.stack(points)


def predict(network: torch.nn.Module, crops: Pixels) -> Floats:
    """(n, 15, 2) keypoints of (n, 96, 96) crops."""
    with torch.inference_mode():
        pixels = torch.from_numpy(crops).float().unsqueeze(1)
        found = [network(part.to(device())).cpu() for part in torch.split(pixels, 256)]
    return np.asarray(torch.cat(found).numpy())


def score(found: Floats, points: Floats) -> dict[str, float]:
    """`rmse` of coordinates in pixels of the crop, as Kaggle counts; `nme`, mean error over eye distance."""
    distance = np.linalg.norm(found - points, axis=2)
    eyes = np.linalg.norm(points[:, 0] - points[:, 1], axis=1)
    return {
        "rmse": float(np.sqrt(np.mean((found - points) ** 2))),
        "nme": float((distance.mean(axis=1) / eyes).mean()),
    }


def describe(state: TrainingState, settings: Settings, scores: dict[str, Any]) -> dict[str, Any]:
    """The card's fields."""
    return {
        "name": "keypoints",
        "outputs": outputs_of("keypoints"),
        "input_size": [96, 96],
        "temperature": 1.0,
        "metrics": scores,
        "data": "keypoints_udacity.npz: 4,227 faces of 347 people from YouTube Faces",
        "split": "by person: 277 to learn from, 18 to watch over the training, 52 for the test",
        "settings": {name: getattr(settings, name) for name in settings.__slots__} | {"done": state.epoch},
        "limits": LIMITS,
        "terms": "YouTube Faces DB: research use. udacity/CVND_Exercises: MIT.",
        "not_for": "telling who somebody is; measuring faces for health or for decisions about people",
    }


def _batches(
    portraits: Portraits, rows: np.ndarray[Any, Any], settings: Settings, epoch: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch; what is drawn depends on the seed and the epoch alone, so a resumed run draws the same."""
    rng = np.random.default_rng((settings.seed, epoch))
    shuffled = rng.permutation(rows)
    for start in range(0, len(shuffled), settings.batch):
        pairs = [_example(portraits, row, settings, rng) for row in shuffled[start : start + settings.batch]]
        crops, points = (np.stack(part) for part in zip(*pairs, strict=True))
        yield torch.from_numpy(crops).float().unsqueeze(1), torch.from_numpy(points)


def _example(portraits: Portraits, row: int, settings: Settings, rng: Generator) -> tuple[Pixels, Floats]:
    alignment = align(portraits.points[row][list(LANDMARK_POINTS)])
    jitter = Jitter(settings.place, settings.size, settings.roll)
    crop, to_picture = cut_misplaced(portraits.pixels[row], alignment, jitter, rng)
    if rng.random() < settings.spoiled:
        crop = spoil(crop, rng)
    if rng.random() < settings.covered:
        crop = cover(crop, rng)
    return crop, points_in_crop(portraits.points[row], to_picture)


def _row(figures: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in figures.items())


def main() -> None:
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(prog="python -m training.keypoints", description=__doc__)
    parser.add_argument("--run", type=Path, default=here / "runs" / "keypoints.toml", help="settings")
    parser.add_argument("--data", type=Path, default=here.parents[1] / "shared" / "data")
    parser.add_argument("--checkpoint", type=Path, default=CHECKPOINTS / "keypoints.pt")
    parser.add_argument("--models", type=Path, default=MODELS, help="folder for the weights and their card")
    parser.add_argument("--until", type=int, help="stop after this epoch")
    asked = parser.parse_args()

    torch.set_num_threads(1)  # at this size a second thread gains little
    settings = read_settings(asked.run, Settings)
    portraits = read_portraits(asked.data)
    state = train(settings, portraits, asked.checkpoint, until=asked.until)
    crops, points = cut_all(portraits, portraits.validation, DETECTOR)
    validation = score(predict(state.average, crops), points) | {"n": len(crops)}
    examples = [torch.from_numpy(crops[:n]).float().unsqueeze(1) for n in (2, 16)]
    card = describe(state, settings, {"validation": validation})
    weights = export(state.average.cpu(), examples, KEYPOINT, card, asked.models)
    print(f"{weights}: on the validation people {_row(validation)}")


if __name__ == "__main__":
    main()
