"""Crops faces to the 96x96 pixels that both ResNets take, the same way in training and in the service.

In the crop, the eyes have fixed positions: roll is removed, and the scale follows the distance of the eyes.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.records import Floats
from engine.tensors import CROP_SIDE

# Position of the eyes: the mean of the complete rows of Kaggle's facial keypoints, to half a pixel.
EYE_MIDPOINT = (48.0, 37.0)  # pixels of the crop
EYE_DISTANCE = 36.5  # pixels of the crop

# When a head turns, its eyes come closer together while eyes and mouth keep their distance; in frontal faces
# the first distance is 0.94 of the second (mean of Kaggle's complete rows).
MIN_EYE_TO_MOUTH = 0.75

MAX_SCALE = 2.0  # pixels of the frame per pixel of the crop: sampling a larger face would alias


@dataclass(frozen=True, slots=True)
class Alignment:
    """Centre, scale and roll of a face, in pixels of its frame."""

    eye_midpoint: tuple[float, float]
    eye_distance: float
    roll: float  # radians, clockwise


def align(landmarks: Floats) -> Alignment:
    """Return the alignment of (5, 2) landmarks in pixels, in the order of labels.LANDMARKS."""
    right_eye, left_eye = landmarks[0].astype(np.float64), landmarks[1].astype(np.float64)
    mouth = landmarks[3:5].astype(np.float64).mean(axis=0)
    between = left_eye - right_eye
    midpoint = (left_eye + right_eye) / 2
    distance = max(float(np.hypot(*between)), MIN_EYE_TO_MOUTH * float(np.hypot(*(mouth - midpoint))), 1.0)
    roll = float(np.arctan2(between[1], between[0]))
    return Alignment((float(midpoint[0]), float(midpoint[1])), distance, roll)


def crop_transform(alignment: Alignment) -> Floats:
    """Return the (2, 3) affine transform from pixels of the crop to pixels of the frame."""
    scale = alignment.eye_distance / EYE_DISTANCE
    cos, sin = scale * np.cos(alignment.roll), scale * np.sin(alignment.roll)
    x, y = alignment.eye_midpoint
    u, v = EYE_MIDPOINT
    return np.array([[cos, -sin, x - cos * u + sin * v], [sin, cos, y - sin * u - cos * v]], dtype=np.float32)


def crop_face(grey: NDArray[np.uint8], to_frame: Floats) -> NDArray[np.uint8]:
    """Return the (96, 96) crop of a (height, width) frame; beyond its border the edge is repeated."""
    scale = float(np.hypot(to_frame[0, 0], to_frame[1, 0]))
    if scale > MAX_SCALE:
        grey, to_frame = _shrink(grey, to_frame, 1 << int(np.log2(scale)))
    size, flags = (CROP_SIDE, CROP_SIDE), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    crop = cv2.warpAffine(grey, to_frame, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crop, dtype=np.uint8)


def _shrink(grey: NDArray[np.uint8], to_frame: Floats, factor: int) -> tuple[NDArray[np.uint8], Floats]:
    """Return the region around the crop, `factor` times smaller, and the transform to its pixels."""
    left, top, right, bottom = _region(grey, to_frame, factor)
    region = grey[top:bottom, left:right]
    size = (max(1, region.shape[1] // factor), max(1, region.shape[0] // factor))
    small = np.asarray(cv2.resize(region, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    ratio = np.array([size[0] / region.shape[1], size[1] / region.shape[0]], dtype=np.float32)
    to_small = to_frame.copy()
    # Pixel centres: x' = (x + 0.5) * ratio - 0.5.
    to_small[:, 2] = (to_frame[:, 2] - (left, top) + 0.5) * ratio - 0.5
    to_small[:, :2] = to_frame[:, :2] * ratio[:, None]
    return small, to_small


def _region(grey: NDArray[np.uint8], to_frame: Floats, margin: int) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of the part of the frame that the crop covers."""
    side = CROP_SIDE
    corners = np.array([[0, 0, 1], [side, 0, 1], [0, side, 1], [side, side, 1]], dtype=np.float32)
    covered = corners @ to_frame.T
    height, width = grey.shape
    left, top = np.clip(np.floor(covered.min(axis=0)).astype(int) - margin, 0, (width - 1, height - 1))
    far = np.ceil(covered.max(axis=0)).astype(int) + margin
    right, bottom = np.clip(far, (left + 1, top + 1), (width, height))
    return int(left), int(top), int(right), int(bottom)


def transform_points(points: Floats, to_frame: Floats) -> Floats:
    """Transform (n, 2) points from pixels of the crop to pixels of the frame."""
    return np.asarray(points @ to_frame[:, :2].T + to_frame[:, 2], dtype=np.float32)
