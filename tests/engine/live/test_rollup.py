"""Seconds of faces: their content, the moment when they are closed, and their state in a new worker."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from engine.labels import LABELS, Label
from engine.live.rollup import Rollup
from engine.records import Reading, Second
from engine.wire import percents
from ingest.pace import SECOND
from tests.api.serving import reading

BEGAN = datetime(2026, 1, 31, 12, 3, 7, tzinfo=UTC)


def at(seconds: float, label: Label | None = "happy", track: int = 1) -> Reading:
    """A reading `seconds` of media time after the beginning."""
    captured_at = BEGAN + timedelta(seconds=seconds)
    made = reading(0, label, track)
    return replace(made, media_time=round(seconds * SECOND), captured_at=captured_at)


def summary(second: Second) -> tuple[int, float, int, str | None]:
    return second.track, second.started / SECOND, second.readings, second.label


def test_a_second_is_closed_with_all_its_faces_when_the_next_begins() -> None:
    rollup = Rollup("lobby")
    for moment in (0.25, 0.5, 0.75):
        assert rollup.add(at(moment)) == []
        assert rollup.add(at(moment, "sad", track=4)) == []
    closed = rollup.add(at(1.0))
    assert [summary(second) for second in closed] == [(1, 0.0, 3, "happy"), (4, 0.0, 3, "sad")]
    assert [second.captured_at for second in closed] == [BEGAN + timedelta(seconds=0.25)] * 2
    assert [summary(second) for second in rollup.flush()] == [(1, 1.0, 1, "happy")]
    assert rollup.flush() == []


def test_the_distribution_is_the_mean_and_the_label_the_most_frequent() -> None:
    rollup = Rollup("lobby")
    labels: list[Label] = ["happy", "sad", "happy", "happy"]
    for number, label in enumerate(labels):
        rollup.add(at(number / 10, label))
    (second,) = rollup.flush()
    expected = np.full(len(LABELS), 0.04)
    expected[LABELS.index("happy")] = (3 * 0.76 + 0.04) / 4
    expected[LABELS.index("sad")] = (0.76 + 3 * 0.04) / 4
    assert np.allclose(second.smoothed, expected)
    assert second.label == "happy"
    assert percents(second.smoothed) == [4, 4, 22, 58, 4, 4, 4]


@pytest.mark.parametrize(("labels", "label"), [((None, None, "sad"), None), ((None, "sad"), "sad")])
def test_a_second_that_mostly_abstained_has_no_label(labels: tuple[Label | None, ...], label: str) -> None:
    rollup = Rollup("lobby")
    for number, worn in enumerate(labels):
        rollup.add(at(number / 10, worn))
    assert rollup.flush()[0].label == label


def test_a_second_is_closed_by_frames_without_a_face_too() -> None:
    rollup = Rollup("lobby")
    rollup.add(at(3.5))
    assert rollup.until(round(3.9 * SECOND)) == []
    assert [summary(second) for second in rollup.until(4 * SECOND)] == [(1, 3.0, 1, "happy")]
    assert rollup.until(9 * SECOND) == []
    rollup.add(at(9.5))
    assert [summary(second) for second in rollup.flush()] == [(1, 9.0, 1, "happy")]


def test_a_restored_rollup_gives_the_same_seconds() -> None:
    moments = [number / 10 for number in range(25)]
    unbroken, broken, closed, resumed = Rollup("lobby"), Rollup("lobby"), [], []
    for moment in moments:
        label: Label = "happy" if moment < 1.7 else "fear"
        closed += unbroken.add(at(moment, label))
        broken = Rollup.restored("lobby", broken.state())
        resumed += broken.add(at(moment, label))
    closed += unbroken.flush()
    resumed += broken.flush()
    assert len(closed) == 3
    for one, other in zip(closed, resumed, strict=True):
        assert (*summary(one), one.captured_at) == (*summary(other), other.captured_at)
        assert np.array_equal(one.smoothed, other.smoothed)


@pytest.mark.parametrize("state", [b"", b"{}", b"[1]", b'{"number":0,"faces":{"1":[1,2,3,4]}}'])
def test_a_state_of_another_version_is_refused(state: bytes) -> None:
    with pytest.raises(ValueError, match="lobby: not a rollup of this version"):
        Rollup.restored("lobby", state)
