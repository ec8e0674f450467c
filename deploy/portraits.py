"""Two portraits in the public domain whose faces can be moved: what the demo's picture is drawn from.

Eileen Collins, photograph by NASA, as scikit-image carries it (`skimage.data.astronaut`); Grace Hopper,
photograph by James S. Davis, United States Navy, as matplotlib carries it (`grace_hopper.jpg`).

A face moves by bending the photograph: each movement shifts the skin around a few points, less the further
away. The movements are action units of Ekman and Friesen's Facial Action Coding System.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from matplotlib.cbook import get_sample_data
from matplotlib.image import imread
from numpy.typing import NDArray
from skimage.data import astronaut

Picture = NDArray[np.uint8]  # (height, width, 3), red green blue
Floats = NDArray[np.float32]
Point = tuple[float, float]

Part = Literal["eye", "inner_brow", "outer_brow", "mouth_corner", "upper_lip", "opening", "lower_lip", "chin"]
Movement = Literal[
    "brows_up",  # action units 1 and 2
    "inner_brows_up",  # 1
    "eyes_wide",  # 5
    "cheeks_up",  # 6
    "mouth_corners_up",  # 12
    "mouth_corners_down",  # 15
    "jaw_down",  # 26
]
Expression = Mapping[Movement, float]  # strengths: 1 is as far as it goes, below 0 the other way

MOUTH = (48, 24, 26)  # its inside, as dark as photographs show it


@dataclass(frozen=True, slots=True)
class Pull:
    """The skin around a part moves; for a part on both sides these are the viewer's left one's figures.

    `by` and `aside` are in eye distances, `aside` leads from the part to where the movement is strongest,
    `reach` is the standard deviation of the bell that it fades with.
    """

    part: Part
    by: Point
    reach: float
    aside: Point = (0.0, 0.0)


MOVEMENTS: Mapping[Movement, tuple[Pull, ...]] = {
    "brows_up": (Pull("inner_brow", (0, -0.14), 0.14), Pull("outer_brow", (0, -0.14), 0.14)),
    "inner_brows_up": (Pull("inner_brow", (0.02, -0.14), 0.14), Pull("outer_brow", (0, 0.07), 0.15)),
    "eyes_wide": (Pull("eye", (0, -0.07), 0.1, (0, -0.09)), Pull("eye", (0, 0.04), 0.1, (0, 0.1))),
    "cheeks_up": (Pull("eye", (-0.02, -0.1), 0.18, (0, 0.4)),),
    "mouth_corners_up": (Pull("mouth_corner", (-0.16, -0.17), 0.2), Pull("lower_lip", (0, 0.05), 0.15)),
    "mouth_corners_down": (Pull("mouth_corner", (0.02, 0.2), 0.2), Pull("lower_lip", (0, -0.06), 0.16)),
    "jaw_down": (
        Pull("lower_lip", (0, 0.24), 0.17),
        Pull("chin", (0, 0.24), 0.3),
        Pull("upper_lip", (0, -0.06), 0.13),
        Pull("mouth_corner", (0.12, 0.05), 0.16),
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A photograph and where the parts of its face lie, in pixels; the viewer's left comes first."""

    picture: Picture
    parts: Mapping[Part, tuple[Point, ...]]
    head: tuple[Point, Point]  # centre and half axes of the ellipse that is shown

    @property
    def eye_distance(self) -> float:
        left, right = self.parts["eye"]
        return float(np.hypot(right[0] - left[0], right[1] - left[1]))

    def scaled(self, eye_distance: float) -> "Portrait":
        """The same head alone, in another size."""
        (x, y), (wide, high) = self.head
        height, width = self.picture.shape[:2]
        left, top = max(0, int(x - wide)), max(0, int(y - high))
        right, bottom = min(width, int(x + wide) + 1), min(height, int(y + high) + 1)
        scale = eye_distance / self.eye_distance
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        picture = cv2.resize(
            self.picture[top:bottom, left:right], None, fx=scale, fy=scale, interpolation=method
        )

        def moved(point: Point) -> Point:
            return (point[0] - left) * scale, (point[1] - top) * scale

        return Portrait(
            picture=np.asarray(picture, dtype=np.uint8),
            parts={name: tuple(moved(point) for point in points) for name, points in self.parts.items()},
            head=(moved((x, y)), (wide * scale, high * scale)),
        )


def portraits() -> tuple[Portrait, Portrait]:
    """Collins and Hopper."""
    hopper = imread(get_sample_data("grace_hopper.jpg", asfileobj=False))
    return (
        Portrait(
            picture=astronaut(),  # type: ignore[no-untyped-call]
            parts={
                "eye": ((203, 102), (246, 103)),
                "inner_brow": ((212, 92), (240, 93)),
                "outer_brow": ((192, 92), (262, 93)),
                "mouth_corner": ((203, 141), (244, 141)),
                "upper_lip": ((222, 144),),
                "opening": ((204, 147), (241, 147)),
                "lower_lip": ((222, 153),),
                "chin": ((225, 177),),
            },
            head=((226, 118), (104, 116)),
        ),
        Portrait(
            picture=np.asarray(hopper, dtype=np.uint8),
            parts={
                "eye": ((222, 192), (306, 190)),
                "inner_brow": ((246, 174), (283, 172)),
                "outer_brow": ((205, 172), (325, 166)),
                "mouth_corner": ((230, 275), (304, 272)),
                "upper_lip": ((266, 278),),
                "opening": ((244, 278), (288, 278)),
                "lower_lip": ((266, 293),),
                "chin": ((266, 330),),
            },
            head=((266, 200), (168, 196)),
        ),
    )


class Puppet:
    """A portrait that shows expressions."""

    def __init__(self, portrait: Portrait) -> None:
        self._portrait = portrait
        height, width = portrait.picture.shape[:2]
        self._places = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)
        self._shifts = {movement: self._shift(pulls) for movement, pulls in MOVEMENTS.items()}

    def show(self, expression: Expression) -> Picture:
        """The portrait with this expression."""
        # Each pixel is fetched from where its skin came from: exact enough for bends this gentle.
        places = self._places.copy()
        for movement, strength in expression.items():
            places -= np.float32(strength) * self._shifts[movement]
        bent = cv2.remap(self._portrait.picture, places[..., 0], places[..., 1], cv2.INTER_CUBIC)
        return self._open_mouth(np.asarray(bent, dtype=np.uint8), expression.get("jaw_down", 0.0))

    def _open_mouth(self, picture: Picture, strength: float) -> Picture:
        """Darkens what opens between the lips."""
        if strength <= 0:
            return picture
        unit = self._portrait.eye_distance
        (left, y), (right, _) = self._portrait.parts["opening"]
        away = self._places - np.array(((left + right) / 2, y + 0.12 * unit * strength), np.float32)
        away /= np.array(((right - left) / 2, (0.015 + 0.12 * strength) * unit), np.float32)
        inside = np.clip(4 * (1 - np.hypot(away[..., 0], away[..., 1])), 0, 1) * min(1.0, 3 * strength)
        shade = inside[..., None]
        return np.asarray(picture * (1 - shade) + shade * np.array(MOUTH, np.float32), dtype=np.uint8)

    def _shift(self, pulls: tuple[Pull, ...]) -> Floats:
        """Where the movement takes each pixel, (height, width, 2) in pixels."""
        unit = self._portrait.eye_distance
        shift = np.zeros_like(self._places)
        for pull in pulls:
            for place, side in zip(self._portrait.parts[pull.part], (1, -1), strict=False):
                mirror = np.array([side * unit, unit], dtype=np.float32)
                away = self._places - (
                    np.array(place, np.float32) + mirror * np.array(pull.aside, np.float32)
                )
                bell = np.exp(-np.square(away).sum(axis=-1, keepdims=True) / (2 * (pull.reach * unit) ** 2))
                shift += bell * mirror * np.array(pull.by, np.float32)
        return shift
