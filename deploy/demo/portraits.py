"""Two portraits in the public domain, and the warping that gives them expressions.

Eileen Collins, photograph by NASA, as scikit-image carries it (`skimage.data.astronaut`); Grace Hopper,
photograph by James S. Davis, United States Navy, as matplotlib carries it (`grace_hopper.jpg`).

A movement warps the photograph around a few points of the face, less with the distance from them. The
movements are action units of Ekman and Friesen's Facial Action Coding System (FACS).
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

Rgb = NDArray[np.uint8]  # (height, width, 3)
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
Expression = Mapping[Movement, float]  # strengths: 1 is the largest, below 0 is the opposite movement

MOUTH = (48, 24, 26)  # colour inside an open mouth


@dataclass(frozen=True, slots=True)
class Warp:
    """Displacement of the skin around a part of the face, in eye distances.

    It is greatest at `offset` from the part, and falls off as a Gaussian of standard deviation `sigma`. For
    parts on both sides, `by` and `offset` are of the viewer's left one; the other is its mirror image.
    """

    part: Part
    by: Point
    sigma: float
    offset: Point = (0.0, 0.0)


MOVEMENTS: Mapping[Movement, tuple[Warp, ...]] = {
    "brows_up": (Warp("inner_brow", (0, -0.14), 0.14), Warp("outer_brow", (0, -0.14), 0.14)),
    "inner_brows_up": (Warp("inner_brow", (0.02, -0.14), 0.14), Warp("outer_brow", (0, 0.07), 0.15)),
    "eyes_wide": (Warp("eye", (0, -0.07), 0.1, (0, -0.09)), Warp("eye", (0, 0.04), 0.1, (0, 0.1))),
    "cheeks_up": (Warp("eye", (-0.02, -0.1), 0.18, (0, 0.4)),),
    "mouth_corners_up": (Warp("mouth_corner", (-0.16, -0.17), 0.2), Warp("lower_lip", (0, 0.05), 0.15)),
    "mouth_corners_down": (Warp("mouth_corner", (0.02, 0.2), 0.2), Warp("lower_lip", (0, -0.06), 0.16)),
    "jaw_down": (
        Warp("lower_lip", (0, 0.24), 0.17),
        Warp("chin", (0, 0.24), 0.3),
        Warp("upper_lip", (0, -0.06), 0.13),
        Warp("mouth_corner", (0.12, 0.05), 0.16),
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A photograph and the pixel positions of the parts of its face, the viewer's left first."""

    image: Rgb
    parts: Mapping[Part, tuple[Point, ...]]
    head: tuple[Point, Point]  # centre and semi-axes of the visible ellipse

    @property
    def eye_distance(self) -> float:
        left, right = self.parts["eye"]
        return float(np.hypot(right[0] - left[0], right[1] - left[1]))

    def scaled(self, eye_distance: float) -> "Portrait":
        """Return the head alone, scaled to this eye distance in pixels."""
        (x, y), (wide, high) = self.head
        height, width = self.image.shape[:2]
        left, top = max(0, int(x - wide)), max(0, int(y - high))
        right, bottom = min(width, int(x + wide) + 1), min(height, int(y + high) + 1)
        scale = eye_distance / self.eye_distance
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        image = cv2.resize(self.image[top:bottom, left:right], None, fx=scale, fy=scale, interpolation=method)

        def scaled(point: Point) -> Point:
            return (point[0] - left) * scale, (point[1] - top) * scale

        return Portrait(
            image=np.asarray(image, dtype=np.uint8),
            parts={name: tuple(scaled(point) for point in points) for name, points in self.parts.items()},
            head=(scaled((x, y)), (wide * scale, high * scale)),
        )


COLLINS: Mapping[Part, tuple[Point, ...]] = {
    "eye": ((203, 102), (246, 103)),
    "inner_brow": ((212, 92), (240, 93)),
    "outer_brow": ((192, 92), (262, 93)),
    "mouth_corner": ((203, 141), (244, 141)),
    "upper_lip": ((222, 144),),
    "opening": ((204, 147), (241, 147)),
    "lower_lip": ((222, 153),),
    "chin": ((225, 177),),
}
HOPPER: Mapping[Part, tuple[Point, ...]] = {
    "eye": ((222, 192), (306, 190)),
    "inner_brow": ((246, 174), (283, 172)),
    "outer_brow": ((205, 172), (325, 166)),
    "mouth_corner": ((230, 275), (304, 272)),
    "upper_lip": ((266, 278),),
    "opening": ((244, 278), (288, 278)),
    "lower_lip": ((266, 293),),
    "chin": ((266, 330),),
}


def portraits() -> tuple[Portrait, Portrait]:
    """Return the portraits of Collins and Hopper."""
    collins = astronaut()  # type: ignore[no-untyped-call]
    hopper = np.asarray(imread(get_sample_data("grace_hopper.jpg", asfileobj=False)), dtype=np.uint8)
    return (
        Portrait(collins, COLLINS, head=((226, 118), (104, 116))),
        Portrait(hopper, HOPPER, head=((266, 200), (168, 196))),
    )


class Puppet:
    """A portrait that takes on expressions."""

    def __init__(self, portrait: Portrait) -> None:
        self._portrait = portrait
        height, width = portrait.image.shape[:2]
        self._grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)
        self._fields = {movement: self._field(several) for movement, several in MOVEMENTS.items()}

    def render(self, expression: Expression) -> Rgb:
        """Return the portrait with this expression."""
        # Inverse mapping by the forward displacement: exact enough for displacements this smooth.
        positions = self._grid.copy()
        for movement, strength in expression.items():
            positions -= np.float32(strength) * self._fields[movement]
        warped = cv2.remap(self._portrait.image, positions[..., 0], positions[..., 1], cv2.INTER_CUBIC)
        return self._open_mouth(np.asarray(warped, dtype=np.uint8), expression.get("jaw_down", 0.0))

    def _open_mouth(self, image: Rgb, strength: float) -> Rgb:
        """Darken the opening between the lips."""
        if strength <= 0:
            return image
        unit = self._portrait.eye_distance
        (left, y), (right, _) = self._portrait.parts["opening"]
        distance = self._grid - np.array(((left + right) / 2, y + 0.12 * unit * strength), np.float32)
        distance /= np.array(((right - left) / 2, (0.015 + 0.12 * strength) * unit), np.float32)
        inside = np.clip(4 * (1 - np.hypot(distance[..., 0], distance[..., 1])), 0, 1)
        shade = inside[..., None] * min(1.0, 3 * strength)
        return np.asarray(image * (1 - shade) + shade * np.array(MOUTH, np.float32), dtype=np.uint8)

    def _field(self, warps: tuple[Warp, ...]) -> Floats:
        """Return the displacement of each pixel, (height, width, 2) in pixels."""
        unit = self._portrait.eye_distance
        field = np.zeros_like(self._grid)
        for each in warps:
            for point, side in zip(self._portrait.parts[each.part], (1, -1), strict=False):
                mirror = np.array([side * unit, unit], dtype=np.float32)
                centre = np.array(point, np.float32) + mirror * np.array(each.offset, np.float32)
                squared = np.square(self._grid - centre).sum(axis=-1, keepdims=True)
                weight = np.exp(-squared / (2 * (each.sigma * unit) ** 2))
                field += weight * mirror * np.array(each.by, np.float32)
        return field
