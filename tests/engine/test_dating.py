"""Events of a recording whose container tells when it was made."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from engine.dating import dated
from engine.records import Box, FaceEnd, FaceStart, Reading
from tests.api.results.recorded_events import coverage, reading, span

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_each_time_is_the_creation_time_plus_the_media_time() -> None:
    one = dated(reading(1.5), NOON)
    assert isinstance(one, Reading)
    assert (one.captured_at, one.clock, one.media_time) == (at(1.5), "container", 1_500_000_000)
    start = FaceStart("clip", 1, 40_000_000, None, Box(0, 0, 1, 1))
    assert dated(start, NOON) == replace(start, captured_at=at(0.04))
    for event in (span(1, 2.25), coverage("observed", 1, 2.25)):
        assert dated(event, NOON) == replace(event, started_at=at(1), ended_at=at(2.25))


def test_nothing_changes_without_a_creation_time() -> None:
    for event in (reading(1), span(1, 2), coverage("observed", 0, 1), FaceEnd("clip", 1, 0, 1, 1)):
        assert dated(event, None) is event
