"""Previews: as they are, or so coarse that faces are unrecognisable."""

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.live.preview import LONG_SIDE, SHORT_SIDE_SQUARES, jpeg_of
from ingest.picture.display import Picture, Shape


def noise(width: int, height: int) -> Picture:
    """An image whose pixels all differ."""
    colour = np.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Picture(av.VideoFrame.from_ndarray(colour, format="bgr24"), Shape(width, height))


def decoded(jpeg: bytes) -> NDArray[np.uint8]:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), dtype=np.uint8)


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (640, 480), (320, 240)])
def test_a_blurred_preview_is_coarse_everywhere(size: tuple[int, int]) -> None:
    shown = decoded(jpeg_of(noise(*size)))
    blurred = decoded(jpeg_of(noise(*size), blurred=True))
    assert blurred.shape == shown.shape
    assert max(shown.shape) == min(LONG_SIDE, max(size))

    height, width = blurred.shape[:2]
    side = min(height, width) / SHORT_SIDE_SQUARES
    for row in range(round(height / side)):
        for column in range(round(width / side)):
            top, left = round(row * side) + 12, round(column * side) + 12
            square = blurred[top : round((row + 1) * side) - 12, left : round((column + 1) * side) - 12]
            assert square.size
            assert np.ptp(square.astype(int), axis=(0, 1)).max() <= 4, "one colour, but for what JPEG adds"
