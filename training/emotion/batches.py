"""What the emotion network is shown: crops as the engine cuts them, and what it should say of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from engine.labels import LABELS
from engine.records import Floats
from engine.stages.crop import Alignment, cut, transform
from training.augment import Jitter, cover, cut_misplaced, spoil
from training.data.faces import Expressions, Pixels
from training.data.splits import Mask

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Settings:
    """One run; `training/runs/emotion.toml` says what each is."""

    split: str
    seed: int
    epochs: int
    batch: int
    rate: float
    decay: float
    average: float
    stem: int
    stride: int
    widths: list[int]
    depths: list[int]
    dropout: float
    place: float
    size: float
    roll: float
    spoiled: float
    covered: float
    mixup: float
    mixed: float
    votes: float
    smoothing: float
    disgust: int
    teachers: list[str]
    taught: float


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Crops, what the network should say of them, and how far each is to be mixed with its neighbour."""

    crops: Tensor  # (n, 1, 96, 96) uint8
    wanted: Tensor  # (n, 7)
    mixing: Tensor  # () 0..1

    def mixed(self) -> tuple[Tensor, Tensor]:
        """Crops as float32, and what is wanted, after mixup (Zhang et al. 2017)."""
        crops = self.crops.float()
        neighbours, theirs = crops.roll(1, dims=0), self.wanted.roll(1, dims=0)
        return torch.lerp(crops, neighbours, self.mixing), torch.lerp(self.wanted, theirs, self.mixing)


class Batches(Dataset[Batch]):
    """Batch `step` of a run, always the same for the same settings and faces."""

    def __init__(self, faces: Expressions, alignments: Sequence[Alignment], settings: Settings) -> None:
        self._faces = faces
        self._alignments = alignments
        self._settings = settings
        self._rows = rows_of_epoch(faces, settings)
        self._wanted = targets(faces, settings)
        self.steps = math.ceil(len(self._rows) / settings.batch)  # an epoch

    def __len__(self) -> int:
        return self._settings.epochs * self.steps

    def __getitem__(self, step: int) -> Batch:
        settings = self._settings
        epoch, place = divmod(step, self.steps)
        shuffled = np.random.default_rng((settings.seed, epoch)).permutation(self._rows)
        shown = shuffled[place * settings.batch : (place + 1) * settings.batch]
        rng = np.random.default_rng((settings.seed, epoch, place))
        crops = [self._crop(row, rng) for row in shown]
        mixing = rng.beta(settings.mixup, settings.mixup) if rng.random() < settings.mixed else 0.0
        return Batch(
            crops=torch.from_numpy(np.stack(crops)).unsqueeze(1),
            wanted=torch.from_numpy(self._wanted[shown]),
            mixing=torch.tensor(mixing, dtype=torch.float32),
        )

    def _crop(self, row: int, rng: Generator) -> Pixels:
        settings = self._settings
        jitter = Jitter(settings.place, settings.size, settings.roll)
        crop, _ = cut_misplaced(self._faces.pixels[row], self._alignments[row], jitter, rng)
        if rng.random() < settings.spoiled:
            crop = spoil(crop, rng)
        if rng.random() < settings.covered:
            crop = cover(crop, rng)
        return crop


def rows_of_epoch(faces: Expressions, settings: Settings) -> Rows:
    """The rows that an epoch shows: faces only, those of the rarest class several times."""
    rows = np.flatnonzero(faces.train & faces.is_face)
    rare = rows[faces.label[rows] == LABELS.index("disgust")]
    return np.concatenate([rows, *[rare] * (settings.disgust - 1)])


def targets(faces: Expressions, settings: Settings) -> Floats:
    """(n, 7): FER2013's own label mixed with what the FER+ taggers said, smoothed."""
    own = np.eye(len(LABELS), dtype=np.float32)[faces.label]
    voted = faces.votes.sum(axis=1, keepdims=True) > 0
    mixed = np.where(voted, (1 - settings.votes) * own + settings.votes * faces.votes, own)
    return np.asarray((1 - settings.smoothing) * mixed + settings.smoothing / len(LABELS), dtype=np.float32)


def cut_all(faces: Expressions, alignments: Sequence[Alignment], chosen: Mask) -> Pixels:
    """(n, 96, 96) crops of the chosen faces, as the engine cuts them."""
    rows = np.flatnonzero(chosen).tolist()
    return np.stack([cut(faces.pixels[row], transform(alignments[row])) for row in rows])
