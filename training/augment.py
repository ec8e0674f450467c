"""Augmentation of face crops: misalignment and mirroring as by detectors, degradation as by cameras."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.random import Generator

from engine.records import Floats
from engine.stages.crop import EYE_MIDPOINT, Alignment, crop_face, crop_transform
from engine.tensors import CROP_SIDE
from training.arrays import Pixels

# Indices of the 15 keypoints seen in a mirror: left and right change places.
MIRRORED_POINTS = (1, 0, 4, 5, 2, 3, 8, 9, 6, 7, 10, 12, 11, 13, 14)


@dataclass(frozen=True, slots=True)
class Jitter:
    """Scales of the random errors of an alignment; 0 leaves it as it is."""

    translate: float  # eye distances
    scale: float  # natural logarithm
    rotate: float  # degrees


def jitter_alignment(alignment: Alignment, jitter: Jitter, rng: Generator) -> Alignment:
    """Add random errors as a detector makes them: mostly small ones, rarely a large one."""
    # Student's t with five degrees of freedom: one in twenty lies beyond 2.6 scales.
    right, down, growth, turn = rng.standard_t(5, size=4)
    distance = alignment.eye_distance
    x, y = alignment.eye_midpoint
    return replace(
        alignment,
        eye_midpoint=(x + right * jitter.translate * distance, y + down * jitter.translate * distance),
        eye_distance=distance * float(np.exp(np.clip(growth * jitter.scale, -0.5, 0.5))),
        roll=alignment.roll + turn * float(np.radians(jitter.rotate)),
    )


def mirror(to_picture: Floats) -> Floats:
    """Return the affine of the same crop, mirrored about the midpoint of the eyes."""
    flip = np.array([[-1, 0, 2 * EYE_MIDPOINT[0]], [0, 1, 0], [0, 0, 1]], dtype=np.float32)
    return to_picture @ flip


def points_in_crop(points: Floats, to_picture: Floats, x_bias: float = 0.0) -> Floats:
    """Transform (15, 2) keypoints from pixels of the picture to pixels of the crop, which may be mirrored.

    `x_bias` is the systematic error of the points' x in pixels of the picture. It keeps its sign in a
    mirrored crop, or the network would get two different targets for the same face.
    """
    to_crop = cv2.invertAffineTransform(to_picture)
    is_mirrored = np.linalg.det(to_picture[:, :2]) < 0
    if is_mirrored:
        points = points - np.array([2 * x_bias, 0], dtype=np.float32)
    moved = (points @ to_crop[:, :2].T + to_crop[:, 2]).astype(np.float32)
    return moved[list(MIRRORED_POINTS)] if is_mirrored else moved


def cut_jittered(grey: Pixels, alignment: Alignment, jitter: Jitter, rng: Generator) -> tuple[Pixels, Floats]:
    """Cut a (96, 96) crop with a jittered alignment, mirrored half of the time; return it and its affine."""
    to_picture = crop_transform(jitter_alignment(alignment, jitter, rng))
    if rng.random() < 0.5:
        to_picture = mirror(to_picture)
    return crop_face(grey, to_picture), to_picture


def degrade(crop: Pixels, rng: Generator) -> Pixels:
    """Degrade a (96, 96) crop as cameras do, each at random: resolution, blur, light, noise, JPEG."""
    chance = rng.random(6)
    if chance[0] < 0.35:
        crop = _downsample(crop, int(rng.integers(24, 72)))
    if chance[1] < 0.2:
        crop = np.asarray(cv2.GaussianBlur(crop, (0, 0), rng.uniform(0.6, 2.2)), dtype=np.uint8)
    levels = crop.astype(np.float32)
    if chance[2] < 0.6:
        levels = _relight(levels, rng)
    if chance[3] < 0.25:
        levels = levels * _side_light(rng)
    if chance[4] < 0.25:
        levels = levels + rng.standard_normal(crop.shape, dtype=np.float32) * rng.uniform(2, 12)
    degraded = np.clip(levels, 0, 255).astype(np.uint8)
    return compress(degraded, int(rng.integers(20, 80))) if chance[5] < 0.2 else degraded


def compress(grey: Pixels, quality: int) -> Pixels:
    """Encode a (height, width) picture as JPEG of this quality and decode it again."""
    _, encoded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def erase(crop: Pixels, rng: Generator) -> Pixels:
    """Fill a random rectangle of up to a third of the side with one grey (Zhong et al. 2017)."""
    height, width = rng.integers(12, 33, size=2)
    top, left = rng.integers(-8, CROP_SIDE - 8, size=2)
    erased = crop.copy()
    erased[max(top, 0) : top + height, max(left, 0) : left + width] = rng.integers(0, 256)
    return erased


def _downsample(crop: Pixels, side: int) -> Pixels:
    small = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, crop.shape, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _relight(levels: Floats, rng: Generator) -> Floats:
    gamma, contrast, shift = np.exp(rng.normal(0, 0.25)), np.exp(rng.normal(0, 0.2)), rng.normal(0, 15)
    curved = 255 * (levels / 255) ** np.float32(gamma)
    mean = curved.mean()
    return np.asarray((curved - mean) * contrast + mean + shift, dtype=np.float32).clip(0, 255)


def _side_light(rng: Generator) -> Floats:
    """Return a (96, 96) gain that rises linearly in a random direction."""
    angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.6)
    axis = np.linspace(-1, 1, CROP_SIDE, dtype=np.float32)
    slope = np.cos(angle) * axis[None, :] + np.sin(angle) * axis[:, None]
    return np.asarray(1 + strength * slope, dtype=np.float32)
