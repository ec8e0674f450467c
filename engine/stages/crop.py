"""Cuts the 96x96 picture that both ResNets read, the same way at training and at serving.

The eyes are brought to fixed places: the roll is taken out, the size follows the distance of the eyes.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.records import Floats
from engine.tensors import CROP_SIDE

# Where the eyes come to lie: the mean of the complete rows of Kaggle's facial keypoints, to half a pixel.
EYE_MIDPOINT = (48.0, 37.0)  # pixels of the crop
EYE_DISTANCE = 36.5  # pixels of the crop

# The eyes of a turned head come together while eyes and mouth keep their distance; in frontal faces
# the first is 0.94 of the second (mean of Kaggle's complete rows).
LEAST_EYE_TO_MOUTH = 0.75


@dataclass(frozen=True, slots=True)
class Alignment:
    """Centre, size and roll of a face, in pixels of its picture."""

    eye_midpoint: tuple[float, float]
    eye_distance: float
    roll: float  # radians, clockwise in the picture


def align(landmarks: Floats) -> Alignment:
    """Reads the alignment off (5, 2) landmarks in pixels, in the order of labels.LANDMARKS."""
    right_eye, left_eye = landmarks[0].astype(np.float64), landmarks[1].astype(np.float64)
    mouth = landmarks[3:5].astype(np.float64).mean(axis=0)
    between = left_eye - right_eye
    midpoint = (left_eye + right_eye) / 2
    distance = max(float(np.hypot(*between)), LEAST_EYE_TO_MOUTH * float(np.hypot(*(mouth - midpoint))), 1.0)
    return Alignment(
        eye_midpoint=(float(midpoint[0]), float(midpoint[1])),
        eye_distance=distance,
        roll=float(np.arctan2(between[1], between[0])),
    )


def transform(alignment: Alignment) -> Floats:
    """The (2, 3) affine that takes pixels of the crop to pixels of the picture."""
    scale = alignment.eye_distance / EYE_DISTANCE
    cos, sin = scale * np.cos(alignment.roll), scale * np.sin(alignment.roll)
    x, y = alignment.eye_midpoint
    u, v = EYE_MIDPOINT
    return np.array([[cos, -sin, x - cos * u + sin * v], [sin, cos, y - sin * u - cos * v]], dtype=np.float32)


def cut(grey: NDArray[np.uint8], to_picture: Floats) -> NDArray[np.uint8]:
    """Cuts a (96, 96) crop out of a (height, width) picture; beyond its border the edge is repeated."""
    scale = float(np.hypot(to_picture[0, 0], to_picture[1, 0]))
    if scale > 2.0:  # sampling a picture this much larger would alias: shrink it first
        return _cut_large(grey, to_picture, 1 << int(np.log2(scale)))
    return np.asarray(
        cv2.warpAffine(
            grey,
            to_picture,
            (CROP_SIDE, CROP_SIDE),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        dtype=np.uint8,
    )


def _cut_large(grey: NDArray[np.uint8], to_picture: Floats, factor: int) -> NDArray[np.uint8]:
    corners = np.array(
        [[0, 0, 1], [CROP_SIDE, 0, 1], [0, CROP_SIDE, 1], [CROP_SIDE, CROP_SIDE, 1]], dtype=np.float32
    )
    reach = corners @ to_picture.T
    height, width = grey.shape
    left, top = np.clip(np.floor(reach.min(axis=0)).astype(int) - factor, 0, (width - 1, height - 1))
    right, bottom = np.clip(
        np.ceil(reach.max(axis=0)).astype(int) + factor, (left + 1, top + 1), (width, height)
    )
    region = grey[top:bottom, left:right]
    size = (max(1, region.shape[1] // factor), max(1, region.shape[0] // factor))
    small = np.asarray(cv2.resize(region, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    shrink = np.array([size[0] / region.shape[1], size[1] / region.shape[0]], dtype=np.float32)
    moved = to_picture.copy()
    # Pixel centres: x' = (x + 0.5) * shrink - 0.5.
    moved[:, 2] = (to_picture[:, 2] - (left, top) + 0.5) * shrink - 0.5
    moved[:, :2] = to_picture[:, :2] * shrink[:, None]
    return cut(small, moved)


def to_frame(points: Floats, to_picture: Floats) -> Floats:
    """Takes (n, 2) points from pixels of the crop to pixels of the picture."""
    return np.asarray(points @ to_picture[:, :2].T + to_picture[:, 2], dtype=np.float32)
