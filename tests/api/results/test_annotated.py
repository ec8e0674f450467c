"""Annotations of the frames of an annotated video."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from api.exports.parquet import read_rows
from api.results.annotated import Annotations
from api.results.files import open_results
from engine.drawing.annotate import FaceAnnotation
from engine.labels import LABELS
from engine.records import Box, Reading
from tests.api.results.recorded_events import SECOND, reading


def annotations_of(folder: Path, *readings: Reading, rate: float | None = 10) -> Annotations:
    """The annotations of readings that were written to a table and read from it."""
    with open_results(folder) as results:
        results.add(readings)
    return Annotations(read_rows(folder / "readings.parquet"), rate)


def at(annotations: Annotations, time: float) -> list[FaceAnnotation]:
    return annotations.at(round(time * SECOND))


def moved(time: float, left: float) -> Reading:
    return replace(reading(time), box=Box(left, 0.2, left + 0.5, 0.8))


def test_a_reading_is_shown_at_its_own_time(tmp_path: Path) -> None:
    annotations = annotations_of(tmp_path, reading(1001 / 30000, "sad", track=4))
    (face,) = annotations.at(33_366_667)
    assert (face.name, face.label) == ("face 4", "sad")
    assert face.distribution[LABELS.index("sad")] == pytest.approx(0.76)
    assert face.keypoints[0] == pytest.approx((0.42, 0.58))


def test_between_two_readings_the_box_moves(tmp_path: Path) -> None:
    annotations = annotations_of(tmp_path, moved(1.0, 0.2), moved(1.1, 0.3))
    assert at(annotations, 0.99) == []
    lefts = [at(annotations, time)[0].box.left for time in (1.0, 1.025, 1.05, 1.1)]
    assert lefts == pytest.approx([0.2, 0.225, 0.25, 0.3], abs=1e-3)


def test_a_face_that_leaves_is_not_shown_for_long(tmp_path: Path) -> None:
    annotations = annotations_of(tmp_path, reading(1.0), reading(5.0))
    shown = [bool(at(annotations, time)) for time in np.arange(0.9, 5.05, 0.1)]
    assert shown == [False] + [True] * 3 + [False] * 37 + [True]


def test_a_slow_rate_does_not_flicker(tmp_path: Path) -> None:
    annotations = annotations_of(tmp_path, *(reading(number) for number in range(5)), rate=1)
    assert all(at(annotations, time) for time in np.arange(0, 4, 0.04))


def test_faces_come_and_go_by_themselves(tmp_path: Path) -> None:
    annotations = annotations_of(
        tmp_path, reading(0, track=1), reading(0, track=2), reading(0.1, track=2), reading(0.2, track=2)
    )
    assert [face.name for face in at(annotations, 0)] == ["face 1", "face 2"]
    assert [face.name for face in at(annotations, 0.3)] == ["face 2"]
    assert at(annotations, 1) == []
