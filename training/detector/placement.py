"""Placement of photos in a scene: random affine transforms, and the warp that applies them."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from engine.records import Floats
from training.arrays import Pixels
from training.detector.photos import Photo

MIN_FACE = 12.0  # pixels; smaller faces are ignored, neither face nor background
MAX_SCALE = 2.0  # enlargement of a face; MAX_SCALE_SMALL for one of up to 16 pixels
MAX_SCALE_SMALL = 1.2


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A part of a scene in pixels; it may extend past the border."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height."""
        return self.right - self.left, self.bottom - self.top


def fill(photo: Photo, target: Rectangle, rng: Generator) -> Floats:
    """Return an affine that enlarges a photo until it fills the rectangle."""
    width, height = target.size
    scale = float(max(width, height) / min(photo.grey.shape) * rng.uniform(1.0, 1.6))
    centre = np.array(photo.grey.shape[::-1]) / 2
    mirrored = bool(rng.random() < 0.5)
    return _similarity(centre, (width / 2, height / 2), scale, 0.0, mirrored)


def place_part(photo: Photo, target: Rectangle, rng: Generator) -> Floats:
    """Return an affine that puts a random part of a photo into the centre of the rectangle."""
    width, height = target.size
    scale = float(np.exp(rng.uniform(np.log(0.4), np.log(1.8))))
    anchor = np.array(photo.grey.shape[::-1]) * rng.uniform(0.2, 0.8, 2)
    return _similarity(anchor, (width / 2, height / 2), scale, *_rotation_and_flip(rng))


def place_box(box: Floats, target: Rectangle, rng: Generator) -> Floats:
    """Return an affine that puts a box at about its own size anywhere in the rectangle."""
    width, height = target.size
    scale = float(np.exp(rng.uniform(np.log(0.6), np.log(1.6))))
    position = (width * rng.uniform(0.1, 0.9), height * rng.uniform(0.1, 0.9))
    return _similarity((box[:2] + box[2:]) / 2, position, scale, *_rotation_and_flip(rng))


def place_face(
    photo: Photo, target: Rectangle, rng: Generator, *, cut_out: bool = False, keep_size: bool = False
) -> Floats:
    """Return an affine that puts one of the photo's sure faces into the rectangle.

    The size is random in the logarithm; half of the width for a `cut_out` face. `keep_size` keeps about the
    face's own size instead: shrunk large faces do not look as small ones do to a camera.
    """
    width, height = target.size
    rotation_and_flip = _rotation_and_flip(rng)
    number = rng.choice(np.flatnonzero(photo.sure))
    box, size = photo.boxes[number], float(photo.sizes[number])
    smallest, largest = MIN_FACE + 1.0, 0.8 * min(width, height)
    new_size = 0.5 * width if cut_out else float(np.exp(rng.uniform(np.log(smallest), np.log(largest))))
    if keep_size:
        new_size = min(size * float(np.exp(rng.uniform(np.log(0.85), np.log(1.25)))), largest)
    scale = min(new_size / size, MAX_SCALE if size > 16 else MAX_SCALE_SMALL)
    margin = 0.5 if cut_out else min(0.4, 0.4 * scale * size / min(width, height))
    position = (width * rng.uniform(margin, 1 - margin), height * rng.uniform(margin, 1 - margin))
    return _similarity((box[:2] + box[2:]) / 2, position, scale, *rotation_and_flip)


def _rotation_and_flip(rng: Generator) -> tuple[float, bool]:
    """Return random degrees of rotation, and True in half of the cases to mirror."""
    mirrored = bool(rng.random() < 0.5)
    degrees = rng.choice([0.0, rng.uniform(-15, 15), rng.uniform(-35, 35)], p=[0.4, 0.5, 0.1])
    return float(degrees), mirrored


def _similarity(
    anchor: NDArray[np.floating], position: tuple[float, float], scale: float, degrees: float, mirrored: bool
) -> Floats:
    """Return the (2, 3) affine that scales and rotates about `anchor` and moves it to `position`."""
    angle = np.deg2rad(degrees)
    flip = -1.0 if mirrored else 1.0
    linear = scale * np.array([[flip * np.cos(angle), -np.sin(angle)], [flip * np.sin(angle), np.cos(angle)]])
    return np.column_stack([linear, np.array(position) - linear @ anchor]).astype(np.float32)


def scale_of(affine: Floats) -> float:
    """Return the enlargement of a (2, 3) affine."""
    return float(np.sqrt(abs(np.linalg.det(affine[:, :2]))))


def warp(grey: Pixels, affine: Floats, size: tuple[int, int], border: int) -> Pixels:
    """Warp without aliasing: a picture that shrinks much is halved by area averaging first."""
    scale = scale_of(affine)
    while scale < 0.6 and min(grey.shape) >= 8:
        half = (grey.shape[1] // 2, grey.shape[0] // 2)
        grey = np.asarray(cv2.resize(grey, half, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        # Pixel centres: x of the picture is 2 x + 0.5, x of its half.
        affine = np.column_stack([affine[:, :2] * 2, affine[:, 2] + affine[:, :2].sum(axis=1) / 2])
        affine = affine.astype(np.float32)
        scale *= 2
    return np.asarray(cv2.warpAffine(grey, affine, size, borderMode=border), dtype=np.uint8)
