"""What the keypoint network is shown: misplaced crops of faces, and where their points lie."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.utils.data import Dataset

from engine.records import Floats
from engine.stages.crop import align, cut, transform
from training.augment import Jitter, cover, cut_misplaced, misplace, points_in_crop, spoil
from training.data.faces import LANDMARK_POINTS, Pixels, Portraits
from training.data.splits import Mask

# What a detector's landmarks are off by as a rule; the held-out faces are cut with such errors.
DETECTOR = Jitter(place=0.03, size=0.04, roll=2.0)


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


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Crops and their points."""

    crops: Tensor  # (n, 1, 96, 96) uint8
    points: Tensor  # (n, 15, 2) pixels of the crop


class Batches(Dataset[Batch]):
    """Batch `step` of a run, always the same for the same settings and faces."""

    def __init__(self, portraits: Portraits, settings: Settings) -> None:
        self._portraits = portraits
        self._settings = settings
        self._rows = np.flatnonzero(portraits.train)
        self.steps = -(-len(self._rows) // settings.batch)  # an epoch

    def __len__(self) -> int:
        return self._settings.epochs * self.steps

    def __getitem__(self, step: int) -> Batch:
        settings = self._settings
        epoch, place = divmod(step, self.steps)
        shuffled = np.random.default_rng((settings.seed, epoch)).permutation(self._rows)
        shown = shuffled[place * settings.batch : (place + 1) * settings.batch]
        rng = np.random.default_rng((settings.seed, epoch, place))
        crops, points = zip(*(self._crop(row, rng) for row in shown), strict=True)
        return Batch(torch.from_numpy(np.stack(crops)).unsqueeze(1), torch.from_numpy(np.stack(points)))

    def _crop(self, row: int, rng: Generator) -> tuple[Pixels, Floats]:
        settings, points = self._settings, self._portraits.points[row]
        alignment = align(points[list(LANDMARK_POINTS)])
        jitter = Jitter(settings.place, settings.size, settings.roll)
        crop, to_picture = cut_misplaced(self._portraits.pixels[row], alignment, jitter, rng)
        if rng.random() < settings.spoiled:
            crop = spoil(crop, rng)
        if rng.random() < settings.covered:
            crop = cover(crop, rng)
        return crop, points_in_crop(points, to_picture, self._portraits.rightward)


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
