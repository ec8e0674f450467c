"""Annotations on images of every size."""

import numpy as np
import pytest

from engine.drawing.annotate import Annotator, FaceAnnotation, colour_of
from engine.labels import LABELS, Label
from engine.records import Box

GREY = 90
MIDDLE = Box(0.2, 0.3, 0.4, 0.7)


def mark(label: Label | None = "happy", box: Box = MIDDLE, share: float = 0.9) -> FaceAnnotation:
    points = np.stack([np.linspace(0.25, 0.35, 15), np.linspace(0.35, 0.65, 15)], axis=1)
    values = np.full(7, (1 - share) / 6, np.float32)
    values[LABELS.index(label or "neutral")] = share
    return FaceAnnotation("face 1", box, points.astype(np.float32), label, values)


def drawn(size: tuple[int, int], *marks: FaceAnnotation) -> np.ndarray:
    picture = np.full((size[1], size[0], 3), GREY, np.uint8)
    Annotator().draw(picture, marks)
    return picture


def count(picture: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((picture == colour).all(axis=2).sum())


@pytest.mark.parametrize("size", [(320, 240), (640, 360), (1920, 1080), (360, 640)])
def test_box_points_name_and_bars(size: tuple[int, int]) -> None:
    width, height = size
    picture = drawn(size, mark())
    # The frame is the label's colour along its whole left edge.
    edge = picture[round(0.45 * height) : round(0.55 * height), round(0.2 * width)]
    assert (np.abs(edge.astype(int) - colour_of("happy")).max(axis=1) < 60).all()
    # The nose's point, the middle of the fifteen, is white.
    x, y = round(0.3 * width - 0.5), round(0.5 * height - 0.5)
    assert (picture[y, x] > 200).all()
    # The longest bar is the label's.
    assert count(picture, colour_of("happy")) > 4 * count(picture, colour_of("sad"))


def test_bars_follow_the_distribution() -> None:
    much, little = drawn((640, 360), mark("sad", share=0.95)), drawn((640, 360), mark("sad", share=0.5))
    right = slice(260, 400)  # beside the box: the panel alone
    assert count(much[:, right], colour_of("sad")) > 1.6 * count(little[:, right], colour_of("sad"))


def test_a_face_without_a_label_is_grey() -> None:
    picture = drawn((640, 360), mark(None, share=0.3))
    assert count(picture[:, :250], colour_of("neutral")) == 0
    assert count(picture, colour_of(None)) > 100


def test_no_room_for_names_leaves_bars_in_the_box() -> None:
    picture = drawn((176, 144), mark("fear", Box(0.3, 0.2, 0.8, 0.9), share=0.8))
    assert count(picture[80:], colour_of("fear")) > 20


def test_drawing_is_clipped_at_the_border() -> None:
    for box in (Box(-0.2, -0.3, 0.2, 0.3), Box(0.8, 0.7, 1.3, 1.4), Box(1.1, 1.1, 1.2, 1.2)):
        drawn((320, 240), mark("angry", box))


def test_an_image_without_faces_is_unchanged() -> None:
    assert (drawn((320, 240)) == GREY).all()
