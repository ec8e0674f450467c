"""The orientations are checked against the definitions of the standards, pixel by pixel."""

import itertools
import struct

import numpy as np
import pytest

from ingest.picture.orientation import UPRIGHT, Orientation

ALL = [Orientation(*steps) for steps in itertools.product((False, True), repeat=3)]
PIXELS = np.arange(6, dtype=np.uint8).reshape(2, 3)
ONE = 65536  # 1 in a display matrix


def matrix(a: int, b: int, c: int, d: int) -> bytes:
    return struct.pack("=9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)


def moved(pixels: np.ndarray, a: int, b: int, c: int, d: int) -> np.ndarray:
    """Show each pixel where the matrix says, and shift the picture back to its corner."""
    points = {(a * x + c * y, b * x + d * y): pixels[y, x] for y, x in np.ndindex(pixels.shape)}
    left, top = min(x for x, _ in points), min(y for _, y in points)
    width, height = max(x for x, _ in points) - left + 1, max(y for _, y in points) - top + 1
    shown = [[points[x + left, y + top] for x in range(width)] for y in range(height)]
    return np.array(shown, dtype=np.uint8)


def side(pixels: np.ndarray, name: str) -> np.ndarray:
    sides: dict[str, np.ndarray] = {
        "top": pixels[0],
        "bottom": pixels[-1],
        "left": pixels[:, 0],
        "right": pixels[:, -1],
    }
    return sides[name]


# CIPA DC-008, tag 0x0112: the sides of the shown picture that are row 0 and column 0 of the stored one.
EXIF_SIDES = [
    (1, "top", "left"),
    (2, "top", "right"),
    (3, "bottom", "right"),
    (4, "bottom", "left"),
    (5, "left", "top"),
    (6, "right", "top"),
    (7, "right", "bottom"),
    (8, "left", "bottom"),
]

AXES = [
    axes
    for axes in itertools.product((-1, 0, 1), repeat=4)
    if axes[0] * axes[3] - axes[1] * axes[2] and sum(map(abs, axes)) == 2
]


@pytest.mark.parametrize("axes", AXES)
def test_a_display_matrix_moves_each_pixel_where_it_says(axes: tuple[int, int, int, int]) -> None:
    orientation = Orientation.of_matrix(matrix(*(ONE * each for each in axes)))
    np.testing.assert_array_equal(orientation.apply(PIXELS), moved(PIXELS, *axes))
    assert orientation.size(3, 2) == orientation.apply(PIXELS).shape[::-1]


def test_the_matrices_give_all_eight() -> None:
    assert {Orientation.of_axes(*axes) for axes in AXES} == set(ALL)


@pytest.mark.parametrize(("value", "first_row", "first_column"), EXIF_SIDES)
def test_exif_says_where_the_first_row_and_column_are_shown(
    value: int, first_row: str, first_column: str
) -> None:
    shown = Orientation.of_exif(value).apply(PIXELS)
    assert sorted(side(shown, first_row)) == sorted(PIXELS[0])
    assert sorted(side(shown, first_column)) == sorted(PIXELS[:, 0])


@pytest.mark.parametrize("value", [0, 9])
def test_an_unknown_exif_orientation_is_upright(value: int) -> None:
    assert Orientation.of_exif(value) == UPRIGHT


def test_a_skewed_or_empty_matrix_has_the_nearest_orientation() -> None:
    assert Orientation.of_matrix(matrix(60000, 25000, -25000, 60000)) == UPRIGHT
    assert Orientation.of_matrix(matrix(-2 * ONE, 0, 0, ONE)) == Orientation(mirrored=True)
    assert Orientation.of_matrix(bytes(36)) == UPRIGHT


@pytest.mark.parametrize(("first", "second"), list(itertools.product(ALL, ALL)))
def test_two_orientations_are_one(first: Orientation, second: Orientation) -> None:
    both = second.apply(first.apply(PIXELS))
    np.testing.assert_array_equal(first.then(second).apply(PIXELS), both)


@pytest.mark.parametrize("orientation", ALL)
def test_colours_move_with_their_pixels(orientation: Orientation) -> None:
    colour = np.stack([PIXELS, PIXELS + 10, PIXELS + 20], axis=-1)
    for channel, added in enumerate((0, 10, 20)):
        np.testing.assert_array_equal(
            orientation.apply(colour)[..., channel], orientation.apply(PIXELS) + added
        )
