"""Draws synthetic faces, on which two runtimes are compared, so that no photograph of a person is needed.

The networks take the drawings for faces: the detector gives them higher scores than most photographs, and the
emotion network spreads them over its classes.
"""

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from engine.tensors import CROP_SIDE

Grey = NDArray[np.uint8]
Pair = tuple[float, float]  # x and y
OVERSAMPLING = 4


def synthetic_crops(count: int, seed: int = 1) -> Grey:
    """Return (count, 1, 96, 96) crops as `engine.stages.crop` makes them; the same for the same seed."""
    random = np.random.default_rng(seed)
    return np.stack([_face(random, CROP_SIDE) for _ in range(count)])[:, None]


def synthetic_frames(count: int, height: int, width: int, seed: int = 1) -> Grey:
    """Return (count, 1, height, width) frames with two or three faces each."""
    random = np.random.default_rng(seed)
    return np.stack([_frame(random, height, width) for _ in range(count)])[:, None]


def _frame(random: Generator, height: int, width: int) -> Grey:
    """Draw noise, and a face in each slot along the long side."""
    frame = np.clip(random.uniform(40, 180) + random.normal(0, 4, (height, width)), 0, 255).astype(np.uint8)
    slots = 3 if max(height, width) >= 640 else 2
    slot = max(height, width) // slots
    for number in range(slots):
        side = int(random.integers(slot // 2, slot - 8))
        along = number * slot + int(random.integers(0, slot - side))
        across = int(random.integers(0, min(height, width) - side))
        top, left = (across, along) if width >= height else (along, across)
        frame[top : top + side, left : left + side] = _face(random, side)
    return frame


def _face(random: Generator, side: int) -> Grey:
    """Draw a frontal face that fills a square of `side` pixels."""
    canvas = _Canvas(side * OVERSAMPLING, background=random.uniform(30, 200))
    skin, hair = random.uniform(110, 220), random.uniform(10, 110)
    middle = 0.5 + random.uniform(-0.02, 0.02)
    canvas.ellipse((middle, 0.45), (0.46, 0.56), hair)
    canvas.ellipse((middle, 0.52), (0.37, 0.50), skin)
    canvas.shade(random.uniform(-25, 25), random.uniform(-10, 20))
    opened, raised, frown = random.uniform(0.5, 1.6), random.uniform(-0.04, 0.04), random.uniform(-12, 12)
    for side_of_face in (-1, 1):
        eye = middle + side_of_face * 0.19
        canvas.ellipse((eye, 0.38), (0.10, 0.055), skin - 25)
        canvas.ellipse((eye, 0.38), (0.075, 0.028 * opened), min(245.0, skin + 45))
        canvas.ellipse((eye, 0.38), (0.03, 0.03), 20)
        canvas.arc((eye, 0.26 + raised), (0.11, 0.03), (190, 350), 0.6 * hair, rotation=side_of_face * frown)
    canvas.ellipse((middle, 0.60), (0.07, 0.035), skin - 40)
    _draw_mouth(canvas, random, middle, skin)
    return canvas.render(side, random)


def _draw_mouth(canvas: "_Canvas", random: Generator, middle: float, skin: float) -> None:
    """Draw a mouth, from sad to smiling, closed or open."""
    smile, opened = random.uniform(-1, 1), max(0.0, random.uniform(-0.5, 1))
    if opened > 0.05:
        canvas.ellipse((middle, 0.77), (0.13, 0.02 + 0.09 * opened), 35)
    bow = (20, 160) if smile > 0 else (200, 340)
    canvas.arc((middle, 0.77 - 0.09 * smile), (0.16, 0.01 + 0.10 * abs(smile)), bow, skin - 85)


class _Canvas:
    """A grey square to draw on; positions and lengths are ratios of its side, x first."""

    def __init__(self, side: int, background: float) -> None:
        self._side = side
        self._greys = np.full((side, side), background, dtype=np.float32)

    def ellipse(self, centre: Pair, axes: Pair, grey: float) -> None:
        cv2.ellipse(self._greys, self._pixels(centre), self._pixels(axes), 0, 0, 360, grey, -1)

    def arc(self, centre: Pair, axes: Pair, angles: Pair, grey: float, rotation: float = 0.0) -> None:
        """Draw the line of an ellipse between two angles; angles and rotation in degrees."""
        thick = int(0.028 * self._side)
        cv2.ellipse(self._greys, self._pixels(centre), self._pixels(axes), rotation, *angles, grey, thick)

    def shade(self, rightwards: float, downwards: float) -> None:
        """Add light from one side."""
        slope = np.linspace(-1, 1, self._side, dtype=np.float32)
        self._greys += np.float32(rightwards) * slope + np.float32(downwards) * slope[:, None]

    def render(self, side: int, random: Generator) -> Grey:
        """Return the canvas as a camera shows it, blurred and noisy."""
        blurred = cv2.GaussianBlur(self._greys, (0, 0), OVERSAMPLING * random.uniform(0.6, 2.2))
        small = cv2.resize(blurred, (side, side), interpolation=cv2.INTER_AREA)
        noisy = small + random.normal(0, random.uniform(1, 6), small.shape)
        return np.asarray(np.clip(noisy, 0, 255), dtype=np.uint8)

    def _pixels(self, place: Pair) -> tuple[int, int]:
        return round(place[0] * self._side), round(place[1] * self._side)
