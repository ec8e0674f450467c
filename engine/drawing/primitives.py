"""Draws rectangles, dots and text on an image, with OpenCV."""

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.drawing.layout import Area

Colour = tuple[int, int, int]  # blue, green, red
Image = NDArray[np.uint8]  # (height, width, 3): blue, green, red

FONT = cv2.FontFace("sans")  # TrueType, comes with OpenCV 5
WEIGHT = 560  # between regular and bold


def frame(image: Image, area: Area, colour: Colour, thickness: int) -> None:
    corners = (area.left, area.top), (area.right, area.bottom)
    cv2.rectangle(image, *corners, colour, thickness, lineType=cv2.LINE_AA)


def fill(image: Image, area: Area, colour: Colour) -> None:
    if area.right > area.left and area.bottom > area.top:
        cv2.rectangle(image, (area.left, area.top), (area.right - 1, area.bottom - 1), colour, -1)


def plate(image: Image, area: Area, colour: Colour, opacity: float) -> None:
    """Fill the part of an area inside the image with this opacity (0..1)."""
    rows = slice(max(0, area.top), max(0, area.bottom))
    region = image[rows, max(0, area.left) : max(0, area.right)]
    if region.size:
        plain = np.full_like(region, colour)
        cv2.addWeighted(plain, opacity, region, 1 - opacity, 0, dst=region)


def dot(image: Image, x: float, y: float, radius: float, colour: Colour) -> None:
    # Four fractional bits: points move smoothly, and small ones stay round.
    cv2.circle(image, (round(16 * x), round(16 * y)), round(16 * radius), colour, -1, cv2.LINE_AA, shift=4)


def write(image: Image, text: str, place: tuple[int, int], colour: Colour, size: int) -> None:
    cv2.putText(image, text, place, colour, FONT, size, WEIGHT)


def text_width(text: str, size: int) -> int:
    left, _, width, _ = cv2.getTextSize((10_000, 10_000), text, (0, 0), FONT, size, WEIGHT)
    return int(left + width)


def baseline(height: int, size: int) -> int:
    """Return the baseline of text of `size`, centred in a line `height` pixels high."""
    return round((height + 0.72 * size) / 2)
