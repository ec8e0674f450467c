"""The crop brings the eyes to their places, whatever the face's size, place and roll."""

import cv2
import numpy as np
import pytest

from engine.stages.crop import EYE_DISTANCE, EYE_MIDPOINT, align, crop_face, crop_transform, transform_points
from engine.stages.quality import assess, sharpness, turn
from engine.tensors import CROP_SIDE

UPRIGHT = np.array([[-18, 0], [18, 0], [0, 20], [-15, 38], [15, 38]], dtype=np.float32)


def landmarks(scale: float, roll: float, at: tuple[float, float]) -> np.ndarray:
    cos, sin = np.cos(roll), np.sin(roll)
    return np.asarray(UPRIGHT * scale @ np.array([[cos, sin], [-sin, cos]]) + at, np.float32)


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("roll", [-0.5, 0.0, 0.3])
def test_the_eyes_are_at_fixed_positions(scale: float, roll: float) -> None:
    points = landmarks(scale, roll, (200, 150))
    to_frame = crop_transform(align(points))
    expected = [
        [EYE_MIDPOINT[0] - EYE_DISTANCE / 2, EYE_MIDPOINT[1]],
        [EYE_MIDPOINT[0] + EYE_DISTANCE / 2, EYE_MIDPOINT[1]],
    ]
    back = transform_points(np.array(expected, dtype=np.float32), to_frame)
    assert back == pytest.approx(points[:2], abs=1e-3)


@pytest.mark.parametrize("scale", [0.7, 1.0, 2.5, 6.0])
def test_the_crop_shows_the_eyes_at_their_positions(scale: float) -> None:
    """Also for large faces, which are shrunk before they are sampled."""
    points = landmarks(scale, 0.2, (400, 300))
    picture = np.zeros((800, 1000), dtype=np.uint8)
    for x, y in points[:2]:
        cv2.circle(picture, (round(float(x)), round(float(y))), round(4 * scale), 255, -1)
    crop = crop_face(picture, crop_transform(align(points)))
    assert crop.shape == (CROP_SIDE, CROP_SIDE)
    left, right = crop[:, :48].astype(float), crop[:, 48:].astype(float)
    for half, offset, x in ((left, 0, EYE_MIDPOINT[0] - 18.25), (right, 48, EYE_MIDPOINT[0] + 18.25)):
        rows, columns = np.indices(half.shape)
        centre = ((columns * half).sum() / half.sum() + offset, (rows * half).sum() / half.sum())
        assert centre == pytest.approx((x, EYE_MIDPOINT[1]), abs=1.0)


def test_beyond_the_border_the_edge_is_repeated() -> None:
    crop = crop_face(
        np.full((50, 50), 90, dtype=np.uint8), crop_transform(align(landmarks(1.0, 0.0, (0, 0))))
    )
    assert (crop == 90).all()


def test_a_turned_head_is_not_cut_too_close() -> None:
    """The eyes come together; the distance to the mouth keeps the size."""
    turned = landmarks(1.0, 0.0, (100, 100))
    turned[:2, 0] = (90, 104)
    assert align(turned).eye_distance > 1.7 * 14


def test_quality_names_the_flaw() -> None:
    random = np.random.default_rng(0)
    crop = random.integers(0, 255, (CROP_SIDE, CROP_SIDE), dtype=np.uint8)
    blurred = cv2.GaussianBlur(np.repeat(np.arange(96, dtype=np.uint8)[None], 96, axis=0), (0, 0), 8)
    profile = landmarks(1.0, 0.0, (100, 100))
    profile[2, 0] += 32
    for points, picture, flaw in (
        (landmarks(1.0, 0.0, (100, 100)), crop, None),
        (landmarks(0.15, 0.0, (100, 100)), crop, "small"),
        (landmarks(1.0, 0.0, (100, 100)), np.asarray(blurred, np.uint8), "blurred"),
        (profile, crop, "turned"),
    ):
        judged = assess(picture, points, align(points))
        assert judged.flaw == flaw
        assert (judged.value == 0.0) == (flaw is not None)


def test_blur_lowers_sharpness_and_a_plain_surface_has_none() -> None:
    picture = np.random.default_rng(1).integers(0, 255, (CROP_SIDE, CROP_SIDE), dtype=np.uint8)
    blurred = np.asarray(cv2.GaussianBlur(picture, (0, 0), 4), np.uint8)
    assert sharpness(picture) > 10 * sharpness(blurred)
    assert sharpness(np.full((CROP_SIDE, CROP_SIDE), 7, dtype=np.uint8)) == 0.0


def test_turn_is_zero_from_the_front_whatever_the_roll() -> None:
    assert turn(landmarks(2.0, 0.4, (50, 60))) == pytest.approx(0.0, abs=1e-5)
