"""Batches of augmented face crops, as the emotion and the keypoint network learn from them."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from engine.records import Floats
from engine.stages.crop import Alignment
from training.arrays import Integers, Pixels
from training.augment import Jitter, cut_jittered, degrade, erase
from training.loop import Batch, Batches
from training.state import RunSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class CropSettings(RunSettings):
    """Settings of a run that learns from face crops."""

    batch_size: int
    stem_width: int
    widths: list[int]
    depths: list[int]
    translate: float
    scale: float
    rotate: float
    degrade_prob: float
    erase_prob: float


class CropBatches(Batches[Batch]):
    """Draws the rows of the crops in a random order that is new in each epoch."""

    def __init__(self, settings: CropSettings, rows: Integers) -> None:
        self._settings = settings
        self._rows = rows
        self.steps_per_epoch = -(-len(rows) // settings.batch_size)

    def sample(self, step: int) -> tuple[Integers, Generator]:
        """Return the rows of the pictures in batch `step` and the random generator of their augmentation."""
        seed, size = self._settings.seed, self._settings.batch_size
        epoch, number = divmod(step, self.steps_per_epoch)
        shuffled = np.random.default_rng((seed, epoch)).permutation(self._rows)
        return shuffled[number * size : (number + 1) * size], np.random.default_rng((seed, epoch, number))

    def augmented_crop(self, picture: Pixels, alignment: Alignment, rng: Generator) -> tuple[Pixels, Floats]:
        """Cut a (96, 96) crop and augment it; return it and its (2, 3) affine to pixels of the picture."""
        settings = self._settings
        jitter = Jitter(settings.translate, settings.scale, settings.rotate)
        crop, to_picture = cut_jittered(picture, alignment, jitter, rng)
        if rng.random() < settings.degrade_prob:
            crop = degrade(crop, rng)
        if rng.random() < settings.erase_prob:
            crop = erase(crop, rng)
        return crop, to_picture
