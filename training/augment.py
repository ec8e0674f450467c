"""Cuts faces as the engine does, but misplaced, mirrored and spoiled the way detectors and cameras do."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.random import Generator

from engine.records import Floats
from engine.stages.crop import EYE_MIDPOINT, Alignment, cut, transform
from engine.tensors import CROP_SIDE
from training.data.faces import MIRRORED_POINTS, Pixels


@dataclass(frozen=True, slots=True)
class Jitter:
    """Scales of the errors of place, size and roll; 0 leaves the alignment as it is."""

    place: float  # eye distances
    size: float  # natural logarithm
    roll: float  # degrees


def misplace(alignment: Alignment, jitter: Jitter, rng: Generator) -> Alignment:
    """The alignment as a detector with such errors has it: mostly small ones, now and then a large one."""
    # Student's t with five degrees of freedom: one in twenty lies beyond 2.6 scales.
    across, down, larger, turned = rng.standard_t(5, size=4)
    distance = alignment.eye_distance
    x, y = alignment.eye_midpoint
    return replace(
        alignment,
        eye_midpoint=(x + across * jitter.place * distance, y + down * jitter.place * distance),
        eye_distance=distance * float(np.exp(np.clip(larger * jitter.size, -0.5, 0.5))),
        roll=alignment.roll + turned * float(np.radians(jitter.roll)),
    )


def mirrored(to_picture: Floats) -> Floats:
    """The affine that cuts the same crop mirrored about the eyes' midpoint."""
    mirror = np.array([[-1, 0, 2 * EYE_MIDPOINT[0]], [0, 1, 0], [0, 0, 1]], dtype=np.float32)
    return to_picture @ mirror


def points_in_crop(points: Floats, to_picture: Floats, rightward: float = 0.0) -> Floats:
    """(15, 2) points from pixels of the picture to pixels of the crop; renamed where the crop is mirrored.

    `rightward`: so many pixels of the picture the points lie to the right of what they mark. In a mirrored
    crop they must lie as far to the right, or the network is told two things of the same face.
    """
    back = cv2.invertAffineTransform(to_picture)
    is_mirrored = np.linalg.det(to_picture[:, :2]) < 0
    if is_mirrored:
        points = points - np.array([2 * rightward, 0], dtype=np.float32)
    moved = (points @ back[:, :2].T + back[:, 2]).astype(np.float32)
    return moved[list(MIRRORED_POINTS)] if is_mirrored else moved


def cut_misplaced(
    picture: Pixels, alignment: Alignment, jitter: Jitter, rng: Generator
) -> tuple[Pixels, Floats]:
    """A (96, 96) crop of the misplaced face, every second time mirrored, and its affine to the picture."""
    to_picture = transform(misplace(alignment, jitter, rng))
    if rng.random() < 0.5:
        to_picture = mirrored(to_picture)
    return cut(picture, to_picture), to_picture


def spoil(crop: Pixels, rng: Generator) -> Pixels:
    """What cameras do to a (96, 96) crop: too few pixels, blur, light, noise, JPEG, each now and then."""
    chance = rng.random(6)
    if chance[0] < 0.35:  # the face had fewer pixels than the crop
        crop = _fewer_pixels(crop, int(rng.integers(24, 72)))
    if chance[1] < 0.2:
        crop = np.asarray(cv2.GaussianBlur(crop, (0, 0), rng.uniform(0.6, 2.2)), dtype=np.uint8)
    bright = crop.astype(np.float32)
    if chance[2] < 0.6:
        bright = _relight(bright, rng)
    if chance[3] < 0.25:  # from one side
        bright = bright * _slope(rng)
    if chance[4] < 0.25:
        bright = bright + rng.standard_normal(crop.shape, dtype=np.float32) * rng.uniform(2, 12)
    spoiled = np.clip(bright, 0, 255).astype(np.uint8)
    if chance[5] < 0.2:
        _, encoded = cv2.imencode(".jpg", spoiled, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 80))])
        spoiled = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
    return spoiled


def cover(crop: Pixels, rng: Generator) -> Pixels:
    """The crop with a rectangle of up to a third of its side in one grey: a hand, a mask, a microphone."""
    height, width = rng.integers(12, 33, size=2)
    top, left = rng.integers(-8, CROP_SIDE - 8, size=2)
    covered = crop.copy()
    covered[max(top, 0) : top + height, max(left, 0) : left + width] = rng.integers(0, 256)
    return covered


def _fewer_pixels(crop: Pixels, side: int) -> Pixels:
    small = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(
        cv2.resize(small, (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_LINEAR), dtype=np.uint8
    )


def _relight(bright: Floats, rng: Generator) -> Floats:
    gamma, contrast, shift = np.exp(rng.normal(0, 0.25)), np.exp(rng.normal(0, 0.2)), rng.normal(0, 15)
    curved = 255 * (bright / 255) ** np.float32(gamma)
    middle = curved.mean()
    return np.asarray((curved - middle) * contrast + middle + shift, dtype=np.float32).clip(0, 255)


def _slope(rng: Generator) -> Floats:
    angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.6)
    along = np.linspace(-1, 1, CROP_SIDE, dtype=np.float32)
    slope = np.cos(angle) * along[None, :] + np.sin(angle) * along[:, None]
    return np.asarray(1 + strength * slope, dtype=np.float32)
