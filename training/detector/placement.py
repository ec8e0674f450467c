"""Where a photo comes to lie in a scene, how large and how turned: the affines, and the warp by them."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.detector.photos import Floats, Grey, Photo

SMALLEST = 12.0  # pixels; smaller faces are neither face nor background
MOST_ENLARGED = 2.0


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A part of a scene, in its pixels; it may reach over the border."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.right - self.left, self.bottom - self.top


def filling(photo: Photo, where: Rectangle, random: np.random.Generator) -> Floats:
    """The affine that makes a photo so large that it fills the rectangle."""
    scale = float(max(where.size) / min(photo.grey.shape) * random.uniform(1.0, 1.6))
    centre = np.array(photo.grey.shape[::-1]) / 2
    mirrored = bool(random.random() < 0.5)
    return _turn(centre, (where.size[0] / 2, where.size[1] / 2), scale, 0.0, mirrored)


def anywhere(photo: Photo, where: Rectangle, random: np.random.Generator) -> Floats:
    """The affine that brings some part of a photo into the middle of the rectangle."""
    scale = float(np.exp(random.uniform(np.log(0.4), np.log(1.8))))
    anchor = np.array(photo.grey.shape[::-1]) * random.uniform(0.2, 0.8, 2)
    return _turn(anchor, (where.size[0] / 2, where.size[1] / 2), scale, *_lie(random))


def about(box: Floats, where: Rectangle, random: np.random.Generator) -> Floats:
    """The affine that brings a box somewhere into the rectangle, at about its own size."""
    scale = float(np.exp(random.uniform(np.log(0.6), np.log(1.6))))
    place = (where.size[0] * random.uniform(0.1, 0.9), where.size[1] * random.uniform(0.1, 0.9))
    return _turn((box[:2] + box[2:]) / 2, place, scale, *_lie(random))


def about_face(
    photo: Photo,
    where: Rectangle,
    random: np.random.Generator,
    *,
    cut_out: bool = False,
    as_taken: bool = False,
) -> Floats:
    """The affine that brings one of the photo's sure faces into the rectangle.

    Its size is drawn, or about that `as_taken`: what a camera sees of small faces no shrinking shows.
    """
    width, height = where.size
    lie = _lie(random)
    box = photo.boxes[random.choice(np.flatnonzero(photo.sure))]
    size = float(np.sqrt(np.prod(box[2:] - box[:2])))
    least, most = SMALLEST + 1.0, 0.8 * min(width, height)
    wanted = 0.5 * width if cut_out else float(np.exp(random.uniform(np.log(least), np.log(most))))
    if as_taken:
        wanted = min(size * float(np.exp(random.uniform(np.log(0.85), np.log(1.25)))), most)
    scale = min(wanted / size, MOST_ENLARGED if size > 16 else 1.2)
    margin = 0.5 if cut_out else min(0.4, 0.4 * scale * size / min(width, height))
    place = (width * random.uniform(margin, 1 - margin), height * random.uniform(margin, 1 - margin))
    return _turn((box[:2] + box[2:]) / 2, place, scale, *lie)


def _lie(random: np.random.Generator) -> tuple[float, bool]:
    """By how many degrees a photo is turned, and whether it is mirrored."""
    mirrored = bool(random.random() < 0.5)
    degrees = random.choice([0.0, random.uniform(-15, 15), random.uniform(-35, 35)], p=[0.4, 0.5, 0.1])
    return float(degrees), mirrored


def _turn(
    anchor: NDArray[np.floating], place: tuple[float, float], scale: float, degrees: float, mirrored: bool
) -> Floats:
    """The affine that scales and turns about `anchor` and brings it to `place`."""
    angle = np.deg2rad(degrees)
    flip = -1.0 if mirrored else 1.0
    linear = scale * np.array([[flip * np.cos(angle), -np.sin(angle)], [flip * np.sin(angle), np.cos(angle)]])
    return np.column_stack([linear, np.array(place) - linear @ anchor]).astype(np.float32)


def warp(grey: Grey, affine: Floats, size: tuple[int, int], border: int) -> Grey:
    """Warps without aliasing: a picture that shrinks much is reduced by area first."""
    scale = float(np.sqrt(abs(np.linalg.det(affine[:, :2]))))
    while scale < 0.6 and min(grey.shape) >= 8:
        half = (grey.shape[1] // 2, grey.shape[0] // 2)
        grey = np.asarray(cv2.resize(grey, half, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        # Pixel centres: x of the picture is 2 x + 0.5, x of its half.
        affine = np.column_stack([affine[:, :2] * 2, affine[:, 2] + affine[:, :2].sum(axis=1) / 2])
        affine = affine.astype(np.float32)
        scale *= 2
    return np.asarray(cv2.warpAffine(grey, affine, size, borderMode=border), dtype=np.uint8)
