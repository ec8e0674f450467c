"""Stale frames are left out, each source's newest never."""

from engine.freshness import STALE_AFTER, Arrived, fresh
from ingest.frame import Frame
from tests.engine.faces import frame


def arrived(frames: list[Frame]) -> list[Arrived]:
    """Each a tenth of a second after the one before, the first at 0."""
    return [Arrived(b"%d-0" % number, each, at=number / 10) for number, each in enumerate(frames)]


def test_what_is_stale_is_left_out() -> None:
    backlog, now = arrived([frame(n, live=True) for n in range(10)]), 0.95
    assert [now - each.at <= STALE_AFTER for each in backlog] == [False] * 6 + [True] * 4
    assert [each.frame.number for each in fresh(backlog, now)] == [6, 7, 8, 9]


def test_the_newest_of_each_source_stays_however_old() -> None:
    frames = [frame(n, live=True, source=source) for source in ("hall", "lobby") for n in range(3)]
    kept = fresh(arrived(frames), now=100.0)
    assert [(each.frame.source, each.frame.number) for each in kept] == [("hall", 2), ("lobby", 2)]


def test_recordings_are_never_stale() -> None:
    frames = [frame(n) for n in range(5)]
    assert [each.frame for each in fresh(arrived(frames), now=100.0)] == frames
