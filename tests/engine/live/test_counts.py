"""Counters of readings and of lost frames."""

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.live.counts import Counts, bucket
from engine.records import Coverage, CoverageKind, Reading
from tests.api.serving import reading


def taking(seconds: float) -> Reading:
    """A reading that was there so long after its frame was captured."""
    one = reading(1)
    assert one.captured_at is not None
    return replace(one, result_at=one.captured_at + timedelta(seconds=seconds))


def lost(frames: int, kind: CoverageKind = "dropped") -> Coverage:
    return Coverage("lobby", kind, 0, 1, None, None, frames)


@pytest.mark.parametrize(
    ("seconds", "name"),
    [
        (-1, "latency:0.05"),
        (0.05, "latency:0.05"),
        (0.051, "latency:0.1"),
        (10, "latency:10.0"),
        (11, "latency:inf"),
    ],
)
def test_a_latency_falls_into_the_lowest_bucket_that_holds_it(seconds: float, name: str) -> None:
    counts = Counts()
    counts.add([taking(seconds)])
    milliseconds = max(0, round(1000 * seconds))
    expected = {"readings": 1, name: 1} | ({"milliseconds": milliseconds} if milliseconds else {})
    assert {kind: count for kind, count in counts.take()["lobby"].items() if count} == expected
    assert counts.take() == {}
    assert bucket(0) == "latency:0.05"


def test_a_recordings_reading_has_no_latency() -> None:
    counts = Counts()
    counts.add([replace(reading(1), result_at=None)])
    assert counts.take() == {"lobby": {"readings": 1}}


def test_frames_that_are_missing_are_late_or_overtaken_and_counted_once() -> None:
    counts = Counts()
    counts.skip("lobby", 5)
    counts.skip("gate", 9)
    counts.add([lost(3), lost(7, "observed")])
    assert counts.take() == {"lobby": {"late": 3, "overtaken": 0}}
    counts.add([lost(4)])
    assert counts.take() == {"lobby": {"late": 2, "overtaken": 2}}
