"""The demo: its video, and what the networks read in it."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from deploy.demo.portraits import Puppet, portraits
from deploy.demo.scene import (
    HEIGHT,
    RATE,
    ROLES,
    SECONDS,
    TRANSITION,
    WIDTH,
    Role,
    expression_at,
    frames,
    render,
)
from engine.loading import load_networks
from engine.pipeline import Pipeline
from engine.records import Event, FaceStart, Reading, Span
from ingest.files.recording import open_recording

MIN_FACE_WIDTH = 90  # pixels
LARGEST_CHANGE = 1.6  # in the strength of a movement, from one expression to the next


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("media") / "demo.mp4"
    render(file)
    return file


@pytest.fixture(scope="module")
def events(video: Path) -> list[Event]:
    """Return the pipeline's events of the demo, at ten readings a second."""
    pipeline = Pipeline(load_networks())
    with open_recording(video, "demo", 10.0) as recording:
        found = [event for frame in recording for events in pipeline.step([frame]) for event in events]
        return found + pipeline.finish("demo", recording.duration)


def test_the_video_is_complete_and_the_only_file(video: Path) -> None:
    with open_recording(video, "demo", None) as recording:
        decoded = list(recording)
        assert recording.duration == SECONDS * 1e9
    assert len(decoded) == SECONDS * RATE
    assert {frame.grey.shape for frame in decoded} == {(HEIGHT, WIDTH)}
    assert [path.name for path in video.parent.iterdir()] == [video.name]


def test_the_video_ends_where_it_begins(video: Path) -> None:
    with open_recording(video, "demo", None) as recording:
        greys = [frame.grey.astype(np.int16) for frame in recording]
    steps = [np.abs(after - before).mean() for before, after in itertools.pairwise(greys)]
    # The first frame is coded on its own, and so differs more.
    assert np.abs(greys[0] - greys[-1]).mean() < 2 * max(steps)


def test_rendering_is_deterministic() -> None:
    first, again = next(frames(1 / RATE)), next(frames(1 / RATE))
    assert np.array_equal(first, again)


@pytest.mark.parametrize("role", ROLES, ids=["collins", "hopper"])
def test_expressions_change_without_a_jump(role: Role) -> None:
    seconds = np.arange(0, 2 * SECONDS, 1 / RATE) % SECONDS
    shown = [expression_at(role.script, second) for second in seconds]
    for before, after in itertools.pairwise(shown):
        for movement in {*before, *after}:
            change = abs(after.get(movement, 0.0) - before.get(movement, 0.0))
            assert change <= 1.5 * LARGEST_CHANGE / (TRANSITION * RATE)  # the steepest slope of a smoothstep


def test_a_movement_warps_the_face_alone() -> None:
    collins, _ = portraits()
    rest = Puppet(collins).render({}).astype(np.int16)
    smile = Puppet(collins).render({"mouth_corners_up": 1.0}).astype(np.int16)
    assert np.array_equal(rest, collins.image)
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
    assert min((event.box.right - event.box.left) * WIDTH for event in readings) >= MIN_FACE_WIDTH


def test_the_timelines_show_more_than_one_emotion(events: list[Event]) -> None:
    labels = {event.label for event in events if isinstance(event, Span)}
    assert len(labels) >= 2
