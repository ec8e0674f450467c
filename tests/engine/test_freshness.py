"""Stale frames are left out, each source's newest never."""

from engine.freshness import STALE_AFTER, fresh
from tests.engine.faces import NOON, frame


def test_what_is_stale_is_left_out() -> None:
    frames = [frame(n, live=True) for n in range(10)]
    now = NOON.timestamp() + 0.95
    assert [now - each.captured_at.timestamp() <= STALE_AFTER for each in frames if each.captured_at] == [
        each.number >= 6 for each in frames
    ]
    assert [each.number for each in fresh(frames, now)] == [6, 7, 8, 9]


def test_the_newest_of_each_source_stays_however_old() -> None:
    frames = [frame(n, live=True, source=source) for source in ("hall", "lobby") for n in range(3)]
    kept = fresh(frames, NOON.timestamp() + 100)
    assert [(each.source, each.number) for each in kept] == [("hall", 2), ("lobby", 2)]


def test_recordings_are_never_stale() -> None:
    frames = [frame(n) for n in range(5)]
    assert fresh(frames, NOON.timestamp() + 100) == frames
