"""Assesses the quality of a face: its size, its sharpness, and how far it is turned."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.records import AbstainReason, Floats
from engine.stages.crop import Alignment

# Eye distance in pixels of the frame. FER2013's faces are 48 px wide, with the eyes about 18 px apart;
# below half of that the networks were not trained.
MIN_EYE_DISTANCE, GOOD_EYE_DISTANCE = 8.0, 18.0

# See `sharpness`. Measured on photos and clips: faces in focus give 0.0075 to 0.1, the same faces blurred by
# a tenth of their eye distance 0.001 to 0.006, by a fifth 0.0003 to 0.003.
MIN_SHARPNESS, GOOD_SHARPNESS = 0.002, 0.012

# See `turn`. Measured: up to 0.15 for frontal faces, 0.33 at 45 degrees, 0.8 and more for profiles.
MAX_TURN, GOOD_TURN = 0.75, 0.3


@dataclass(frozen=True, slots=True)
class Quality:
    """The quality of one crop."""

    value: float  # 0..1: the worst of the three
    flaw: AbstainReason | None  # the first of them that is too bad to read


def assess(crop: NDArray[np.uint8], landmarks: Floats, alignment: Alignment) -> Quality:
    """Assess a (96, 96) crop with its (5, 2) landmarks in pixels of the frame."""
    qualities: dict[AbstainReason, float] = {
        "small": _ramp(alignment.eye_distance, MIN_EYE_DISTANCE, GOOD_EYE_DISTANCE),
        "turned": _ramp(-turn(landmarks), -MAX_TURN, -GOOD_TURN),
        "blurred": _ramp(sharpness(crop), MIN_SHARPNESS, GOOD_SHARPNESS),
    }
    flaw = next((flaw for flaw, quality in qualities.items() if quality == 0.0), None)
    return Quality(min(qualities.values()), flaw)


def sharpness(crop: NDArray[np.uint8]) -> float:
    """Return the variance of the Laplacian (Pech-Pacheco et al. 2000) over the variance of the crop."""
    half = cv2.resize(crop, (48, 48), interpolation=cv2.INTER_AREA).astype(np.float32)
    contrast = float(half.var())
    if contrast < 1.0:  # a uniform surface
        return 0.0
    return float(cv2.Laplacian(half, cv2.CV_32F).var()) / contrast / 16.0


def turn(landmarks: Floats) -> float:
    """Return the distance of the nose tip from the eyes' midpoint along the eye line, in eye distances."""
    right_eye, left_eye, nose = landmarks[:3].astype(np.float64)
    between = left_eye - right_eye
    length = float(np.hypot(*between))
    if length < 1e-6:
        return float("inf")
    return abs(float(np.dot(nose - (left_eye + right_eye) / 2, between))) / length**2


def _ramp(value: float, low: float, high: float) -> float:
    """Return 0 up to `low`, 1 from `high` on, and linear values between."""
    return min(max((value - low) / (high - low), 0.0), 1.0)
