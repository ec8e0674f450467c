"""Grey images of the networks: scaled pictures against the ones that they were made of."""

from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.picture.display import Picture, Shape, square_size
from ingest.picture.luma import grey_of


def detailed(width: int, height: int) -> NDArray[np.uint8]:
    """Return an image with details of a few pixels, in shades from black to white."""
    noise = np.random.default_rng(0).normal(size=(height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.0)
    return np.asarray(np.clip(128 + 40 * smooth / smooth.std(), 0, 255), dtype=np.uint8)


def shown(stored: NDArray[np.uint8], ratio: Fraction) -> NDArray[np.uint8]:
    """Return the grey image of an image with pixels of a ratio."""
    height, width = stored.shape
    image = av.VideoFrame.from_ndarray(stored, format="gray")
    return grey_of(Picture(image, Shape(*square_size(width, height, ratio))))


@pytest.mark.parametrize("squeezed", [(352, 576), (704, 288), (528, 576)])
def test_a_squeezed_picture_is_shown_as_before(squeezed: tuple[int, int]) -> None:
    """Linear interpolation has 2.4 times the error of cubic, a shift by a quarter of a pixel 2.7 times."""
    original = detailed(704, 576)
    stored = np.asarray(cv2.resize(original, squeezed, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    found = shown(stored, Fraction(704, squeezed[0]) * Fraction(squeezed[1], 576))
    assert found.shape == original.shape
    assert np.sqrt(np.mean((found.astype(np.float64) - original) ** 2)) < 2.0


def test_every_row_counts_where_only_the_width_grows() -> None:
    rows = np.resize(np.array([255, 0, 0, 0], dtype=np.uint8), (3840, 1))
    grey = shown(np.tile(rows, (1, 240)), Fraction(8))
    assert grey.shape == (960, 480)
    assert set(grey.flat) == {64}
