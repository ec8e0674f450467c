"""Training batches of the emotion network: crops as the engine cuts them, and target distributions."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.labels import LABELS
from engine.records import Floats
from engine.stages.crop import Alignment, crop_face, crop_transform
from training.arrays import Integers, Mask, Pixels
from training.crops import CropBatches, CropSettings
from training.data.faces import Expressions


@dataclass(frozen=True, slots=True, kw_only=True)
class EmotionSettings(CropSettings):
    """Settings of a run; `training/runs/emotion.toml` explains each."""

    split: str
    stem_stride: int
    dropout: float
    mixup_alpha: float
    mixup_prob: float
    ferplus_weight: float
    label_smoothing: float
    disgust_repeats: int
    teachers: list[str]
    distill_weight: float


@dataclass(frozen=True, slots=True, eq=False)
class EmotionBatch:
    """Crops, target probabilities, and the share of its neighbour that is mixed into each crop."""

    crops: Tensor  # (n, 1, 96, 96) uint8
    targets: Tensor  # (n, 7)
    mixup: Tensor  # () 0..1

    def mixed(self) -> tuple[Tensor, Tensor]:
        """Return float32 crops and their targets after mixup (Zhang et al. 2017)."""
        crops = self.crops.float()
        neighbours, their_targets = crops.roll(1, dims=0), self.targets.roll(1, dims=0)
        return torch.lerp(crops, neighbours, self.mixup), torch.lerp(self.targets, their_targets, self.mixup)


class EmotionBatches(CropBatches[EmotionBatch]):
    """Batches of an emotion run by step number."""

    def __init__(self, faces: Expressions, alignments: list[Alignment], settings: EmotionSettings) -> None:
        super().__init__(settings, rows_of_epoch(faces, settings.disgust_repeats))
        self._faces = faces
        self._alignments = alignments
        self._targets = targets(faces, settings)
        self._mixup_alpha, self._mixup_prob = settings.mixup_alpha, settings.mixup_prob

    def __getitem__(self, step: int) -> EmotionBatch:
        rows, rng = self.sample(step)
        pixels, alignments = self._faces.pixels, self._alignments
        crops = [self.augmented_crop(pixels[row], alignments[row], rng)[0] for row in rows]
        is_mixed = rng.random() < self._mixup_prob
        mixup = rng.beta(self._mixup_alpha, self._mixup_alpha) if is_mixed else 0.0
        return EmotionBatch(
            crops=torch.from_numpy(np.stack(crops)).unsqueeze(1),
            targets=torch.from_numpy(self._targets[rows]),
            mixup=torch.tensor(mixup, dtype=torch.float32),
        )


def rows_of_epoch(faces: Expressions, disgust_repeats: int) -> Integers:
    """Return the training rows with a face, those of disgust, the rarest class, several times."""
    rows = np.flatnonzero(faces.train & faces.is_face)
    rare = rows[faces.labels[rows] == LABELS.index("disgust")]
    return np.concatenate([rows, *[rare] * (disgust_repeats - 1)])


def targets(faces: Expressions, settings: EmotionSettings) -> Floats:
    """Return (n, 7) target probabilities: FER2013's label mixed with the FER+ votes, then smoothed."""
    one_hot = np.eye(len(LABELS), dtype=np.float32)[faces.labels]
    has_votes = faces.votes.sum(axis=1, keepdims=True) > 0
    weight, smoothing = settings.ferplus_weight, settings.label_smoothing
    mixed = np.where(has_votes, (1 - weight) * one_hot + weight * faces.votes, one_hot)
    return np.asarray((1 - smoothing) * mixed + smoothing / len(LABELS), dtype=np.float32)


def cut_aligned(faces: Expressions, alignments: list[Alignment], chosen: Mask) -> Pixels:
    """Return (n, 96, 96) crops of the chosen faces, cut as the engine cuts them."""
    rows = np.flatnonzero(chosen).tolist()
    return np.stack([crop_face(faces.pixels[row], crop_transform(alignments[row])) for row in rows])
