"""Training batches of the keypoint network: jittered crops of faces with their keypoints."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from engine.records import Floats
from engine.stages.crop import align, crop_face, crop_transform
from training.arrays import Mask, Pixels
from training.augment import Jitter, jitter_alignment, points_in_crop
from training.crops import CropBatches, CropSettings
from training.data.faces import LANDMARK_POINTS, Portraits

# Typical errors of a detector's landmarks; the held-out faces are cut with them.
DETECTOR_JITTER = Jitter(translate=0.03, scale=0.04, rotate=2.0)


@dataclass(frozen=True, slots=True, eq=False)
class KeypointBatch:
    """Crops and their keypoints."""

    crops: Tensor  # (n, 1, 96, 96) uint8
    points: Tensor  # (n, 15, 2) pixels of the crop


class KeypointBatches(CropBatches[KeypointBatch]):
    """Batches of a keypoint run by step number."""

    def __init__(self, portraits: Portraits, settings: CropSettings) -> None:
        super().__init__(settings, np.flatnonzero(portraits.train))
        self._portraits = portraits

    def __getitem__(self, step: int) -> KeypointBatch:
        rows, rng = self.sample(step)
        crops, points = zip(*(self._crop(row, rng) for row in rows), strict=True)
        pixels = torch.from_numpy(np.stack(crops)).unsqueeze(1)
        return KeypointBatch(pixels, torch.from_numpy(np.stack(points)))

    def _crop(self, row: int, rng: Generator) -> tuple[Pixels, Floats]:
        points = self._portraits.points[row]
        alignment = align(points[list(LANDMARK_POINTS)])
        crop, to_picture = self.augmented_crop(self._portraits.pixels[row], alignment, rng)
        return crop, points_in_crop(points, to_picture, self._portraits.x_bias)


def cut_jittered_faces(portraits: Portraits, chosen: Mask, jitter: Jitter) -> tuple[Pixels, Floats]:
    """Return (n, 96, 96) crops of the chosen faces, jittered with a fixed seed, and (n, 15, 2) points."""
    rng = np.random.default_rng(0)
    crops, points = [], []
    for row in np.flatnonzero(chosen):
        alignment = align(portraits.points[row][list(LANDMARK_POINTS)])
        to_picture = crop_transform(jitter_alignment(alignment, jitter, rng))
        crops.append(crop_face(portraits.pixels[row], to_picture))
        points.append(points_in_crop(portraits.points[row], to_picture))
    return np.stack(crops), np.stack(points)
