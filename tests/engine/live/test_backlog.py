"""Stale frames are skipped, and those beyond the capacity; each source's newest never."""

from engine.live.backlog import (
    CAPACITY_WINDOW,
    STALE_AFTER,
    TURN_TIME,
    Capacity,
    QueuedFrame,
    drop_stale,
    share_capacity,
)
from ingest.frame import Frame
from tests.engine.faces import frame


def queued(frames: list[Frame]) -> list[QueuedFrame]:
    """Each a tenth of a second after the one before, the first at 0."""
    return [QueuedFrame(b"%d-0" % number, each, at=number / 10) for number, each in enumerate(frames)]


def test_stale_frames_are_dropped() -> None:
    backlog, now = queued([frame(n, live=True) for n in range(10)]), 0.95
    assert [now - each.at <= STALE_AFTER for each in backlog] == [False] * 6 + [True] * 4
    assert [each.frame.number for each in drop_stale(backlog, now, STALE_AFTER)] == [6, 7, 8, 9]


def test_the_newest_frame_of_each_source_is_never_stale() -> None:
    frames = [frame(n, live=True, source=source) for source in ("hall", "lobby") for n in range(3)]
    recent = drop_stale(queued(frames), 100.0, STALE_AFTER)
    assert [(each.frame.source, each.frame.number) for each in recent] == [("hall", 2), ("lobby", 2)]


def test_recordings_are_never_stale() -> None:
    frames = [frame(n) for n in range(5)]
    assert [each.frame for each in drop_stale(queued(frames), 100.0, STALE_AFTER)] == frames


def waiting(**counts: int) -> list[QueuedFrame]:
    """So many live frames of each source."""
    return queued(
        [frame(n, live=True, source=source) for source, count in counts.items() for n in range(count)]
    )


def numbers(kept: list[QueuedFrame], source: str) -> list[int]:
    return [each.frame.number for each in kept if each.frame.source == source]


def test_frames_within_the_capacity_are_read() -> None:
    backlog = waiting(hall=4, lobby=2)
    assert share_capacity(backlog, capacity=6) == backlog


def test_of_too_many_frames_evenly_spaced_ones_and_the_newest_are_read() -> None:
    assert numbers(share_capacity(waiting(hall=12), capacity=4), "hall") == [2, 5, 8, 11]
    assert numbers(share_capacity(waiting(hall=10), capacity=4), "hall") == [2, 4, 7, 9]


def test_a_source_with_few_frames_loses_none_to_one_with_many() -> None:
    kept = share_capacity(waiting(hall=20, lobby=2, yard=20), capacity=10)
    assert numbers(kept, "lobby") == [0, 1]
    assert len(numbers(kept, "hall")) == len(numbers(kept, "yard")) == 4


def test_each_source_has_a_frame_whatever_the_capacity() -> None:
    kept = share_capacity(waiting(hall=5, lobby=5, yard=5), capacity=1)
    assert [(each.frame.source, each.frame.number) for each in kept] == [
        ("hall", 4),
        ("lobby", 4),
        ("yard", 4),
    ]


def test_recordings_need_no_capacity() -> None:
    backlog = queued([frame(n) for n in range(5)])
    assert share_capacity(backlog, capacity=1) == backlog


def test_the_capacity_follows_the_median_of_the_newest_turns() -> None:
    capacity = Capacity()
    for _ in range(CAPACITY_WINDOW):
        assert capacity.frames(64) == 64  # too little is known yet
        capacity.record(frames=2, seconds=2 * TURN_TIME / 10)
    assert capacity.frames(64) == 10
    capacity.record(frames=1, seconds=1.0)  # one slow turn says nothing
    assert capacity.frames(64) == 10
    for _ in range(CAPACITY_WINDOW):
        capacity.record(frames=1, seconds=1.0)
    assert capacity.frames(64) == 1
