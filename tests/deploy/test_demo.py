"""The demo's picture: what is drawn, and what the networks make of it."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from deploy.demo import CHANGE, HEIGHT, RATE, ROLES, SECONDS, WIDTH, Role, draw, expression_at, pictures
from deploy.portraits import Puppet, portraits
from engine.loading import load_networks
from engine.pipeline import Pipeline
from engine.records import Event, FaceStart, Reading, Span
from ingest.files.recording import open_recording

SMALLEST_FACE = 90  # pixels
GREATEST_CHANGE = 1.6  # in the strength of a movement, from one expression to the next


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("media") / "demo.mp4"
    draw(file)
    return file


@pytest.fixture(scope="module")
def events(film: Path) -> list[Event]:
    """What the pipeline says of the demo, ten readings a second."""
    pipeline = Pipeline(load_networks())
    with open_recording(film, "demo", 10.0) as recording:
        found = [event for frame in recording for events in pipeline.step([frame]) for event in events]
        return found + pipeline.finish("demo", recording.duration)


def test_the_film_is_complete_and_alone(film: Path) -> None:
    with open_recording(film, "demo", None) as recording:
        frames = list(recording)
        assert recording.duration == SECONDS * 1e9
    assert len(frames) == SECONDS * RATE
    assert {frame.grey.shape for frame in frames} == {(HEIGHT, WIDTH)}
    assert [path.name for path in film.parent.iterdir()] == [film.name]


def test_the_film_ends_where_it_begins(film: Path) -> None:
    with open_recording(film, "demo", None) as recording:
        greys = [frame.grey.astype(np.int16) for frame in recording]
    steps = [np.abs(after - before).mean() for before, after in itertools.pairwise(greys)]
    assert np.abs(greys[0] - greys[-1]).mean() < 2 * max(
        steps
    )  # the first is coded on its own, so it differs more


def test_it_is_drawn_piece_by_piece_the_same() -> None:
    first, again = next(pictures(1 / RATE)), next(pictures(1 / RATE))
    assert np.array_equal(first, again)


@pytest.mark.parametrize("role", ROLES, ids=["collins", "hopper"])
def test_expressions_change_without_a_jump(role: Role) -> None:
    seconds = np.arange(0, 2 * SECONDS, 1 / RATE) % SECONDS
    shown = [expression_at(role.script, second) for second in seconds]
    for before, after in itertools.pairwise(shown):
        for movement in {*before, *after}:
            change = abs(after.get(movement, 0.0) - before.get(movement, 0.0))
            assert change <= 1.5 * GREATEST_CHANGE / (CHANGE * RATE)  # the steepest of a smooth step


def test_a_movement_bends_the_face_and_nothing_else() -> None:
    collins, _ = portraits()
    rest = Puppet(collins).show({}).astype(np.int16)
    smile = Puppet(collins).show({"mouth_corners_up": 1.0}).astype(np.int16)
    assert np.array_equal(rest, collins.picture)
    changed = np.abs(smile - rest).max(axis=-1) > 8
    rows, columns = np.nonzero(changed)
    ((left, top), (right, _)), unit = collins.parts["mouth_corner"], collins.eye_distance
    assert changed.any()
    assert columns.min() > left - unit
    assert columns.max() < right + unit
    assert rows.min() > top - unit
    assert rows.max() < top + unit


def test_two_faces_are_seen_all_the_time(events: list[Event]) -> None:
    assert len([event for event in events if isinstance(event, FaceStart)]) == 2
    readings = [event for event in events if isinstance(event, Reading)]
    assert len(readings) >= 0.97 * 2 * SECONDS * 12.5  # every second frame of 25 is read
    assert min((event.box.right - event.box.left) * WIDTH for event in readings) >= SMALLEST_FACE


def test_the_timelines_show_more_than_one_emotion(events: list[Event]) -> None:
    labels = {event.label for event in events if isinstance(event, Span)}
    assert len(labels) >= 2
