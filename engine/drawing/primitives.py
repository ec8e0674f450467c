"""Rectangles, dots and text on a picture: a few lines over OpenCV."""

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.drawing.layout import Area

Colour = tuple[int, int, int]  # blue, green, red
Image = NDArray[np.uint8]  # (height, width, 3): blue, green, red

FONT = cv2.FontFace("sans")  # TrueType, comes with OpenCV 5
WEIGHT = 560  # between regular and bold


def frame(picture: Image, area: Area, colour: Colour, thickness: int) -> None:
    cv2.rectangle(
        picture, (area.left, area.top), (area.right, area.bottom), colour, thickness, lineType=cv2.LINE_AA
    )


def fill(picture: Image, area: Area, colour: Colour) -> None:
    if area.right > area.left and area.bottom > area.top:
        cv2.rectangle(picture, (area.left, area.top), (area.right - 1, area.bottom - 1), colour, -1)


def plate(picture: Image, area: Area, colour: Colour, cover: float) -> None:
    """Fills the part of an area that lies in the picture; `cover` (0..1) of it hides what is behind."""
    height, width = picture.shape[:2]
    region = picture[
        max(0, area.top) : min(height, max(0, area.bottom)),
        max(0, area.left) : min(width, max(0, area.right)),
    ]
    if region.size:
        plain = np.full_like(region, colour)
        cv2.addWeighted(plain, cover, region, 1 - cover, 0, dst=region)


def dot(picture: Image, x: float, y: float, radius: float, colour: Colour) -> None:
    # Four fractional bits: points move smoothly, and small ones stay round.
    cv2.circle(picture, (round(16 * x), round(16 * y)), round(16 * radius), colour, -1, cv2.LINE_AA, shift=4)


def write(picture: Image, text: str, place: tuple[int, int], colour: Colour, size: int) -> None:
    cv2.putText(picture, text, place, colour, FONT, size, WEIGHT)


def text_width(text: str, size: int) -> int:
    left, _, width, _ = cv2.getTextSize((10_000, 10_000), text, (0, 0), FONT, size, WEIGHT)
    return int(left + width)


def baseline(height: int, size: int) -> int:
    """Return the baseline of text of `size` in the middle of a line `height` pixels high."""
    return round((height + 0.72 * size) / 2)
