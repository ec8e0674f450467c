"""A batch is due when it is full or its oldest frame has waited; every camera gets its share."""

from collections import Counter
from collections.abc import Iterator

import pytest

from engine.live.backlog import STALE_AFTER, Limits, QueuedFrame
from engine.live.batching import Batcher, DetectedFrame
from tests.engine.faces import face, frame

DELAY = 0.01  # seconds


def found(
    number: int, *, source: str = "lobby", faces: int = 1, at: float = 0.0, live: bool = True
) -> DetectedFrame:
    taken = frame(number, source=source, live=live)
    return DetectedFrame(QueuedFrame(b"%d-0" % number, taken, at), [face(0.5)] * faces)


def taken(batcher: Batcher, now: float = 0.0) -> list[tuple[str, int]]:
    """Source and number of each frame of a batch."""
    batcher.take_stale(now)
    frames = [found.queued.frame for found in batcher.take()]
    return [(frame.source, frame.number) for frame in frames]


def batches(batcher: Batcher) -> Iterator[Counter[str]]:
    """Yield the number of frames of each source in each batch."""
    while batcher:
        yield Counter(source for source, _ in taken(batcher))


def test_a_batch_leaves_when_its_oldest_face_has_waited() -> None:
    batcher = Batcher(Limits(DELAY))
    assert batcher.due_in(0.0) is None
    batcher.add([found(0, at=0.0), found(0, source="hall", at=0.006)])
    assert batcher.due_in(0.0) == DELAY
    assert batcher.due_in(0.007) == pytest.approx(0.003)
    assert batcher.due_in(DELAY) == 0.0
    assert taken(batcher, DELAY) == [("lobby", 0), ("hall", 0)]
    assert batcher.due_in(2.0) is None


def test_without_a_delay_it_leaves_at_once() -> None:
    batcher = Batcher(Limits())
    batcher.add([found(0, at=1.0)])
    assert batcher.due_in(1.0) == 0.0


def test_a_full_batch_leaves_at_once() -> None:
    batcher = Batcher(Limits(DELAY))
    batcher.add(found(0, source=f"door {number}", faces=3) for number in range(21))
    assert batcher.due_in(0.0) == DELAY
    batcher.add([found(0, source="lobby")])
    assert batcher.due_in(0.0) == 0.0  # 64 faces
    assert len(taken(batcher)) == 22


def test_a_frame_without_faces_counts_too() -> None:
    batcher = Batcher(Limits(DELAY, batch_faces=4))
    batcher.add(found(number, faces=0) for number in range(5))
    assert batcher.due_in(0.0) == 0.0
    assert [number for _, number in taken(batcher)] == [0, 1, 2, 3]


def test_the_faces_of_a_frame_stay_together() -> None:
    batcher = Batcher(Limits(DELAY))
    batcher.add(found(number, faces=30) for number in range(3))
    batcher.add([found(3, faces=90)])
    assert [len(taken(batcher)) for _ in range(3)] == [2, 1, 1]
    assert not batcher


def test_a_crowd_takes_its_turn_among_the_others() -> None:
    batcher = Batcher(Limits(DELAY, batch_faces=32))
    batcher.add(found(number, source="square", faces=20) for number in range(5))
    doors = [f"door {number}" for number in range(8)]
    batcher.add(found(number, source=door) for number in range(10) for door in doors)
    sent = list(batches(batcher))
    assert [sum(batch.values()) for batch in sent[:2]] == [13, 32]
    assert sent[0]["square"] == 1
    assert all(sent[0][door] >= 1 and sent[1][door] == 4 for door in doors)
    assert sum(sent, Counter()) == Counter({"square": 5} | dict.fromkeys(doors, 10))


def test_a_late_source_does_not_wait_for_the_earlier_turns_of_a_crowd() -> None:
    batcher = Batcher(Limits(DELAY, batch_faces=20))
    batcher.add(found(number, source="square", faces=20) for number in range(10))
    for _ in range(4):
        assert taken(batcher)[0][0] == "square"
    batcher.add([found(0, source="door")])
    assert taken(batcher) == [("door", 0)]
    assert taken(batcher) == [("square", 4)]


def test_an_idle_source_does_not_save_turns_up() -> None:
    batcher = Batcher(Limits(DELAY, batch_faces=20))
    batcher.add(found(number, source="square", faces=20) for number in range(10))
    for _ in range(4):
        taken(batcher)
    batcher.add(found(number, source="door") for number in range(60))
    assert [set(each) for each in batches(batcher)][:3] == [{"door"}, {"square"}, {"door"}]


def test_each_cameras_frames_keep_their_order() -> None:
    batcher = Batcher(Limits(DELAY, batch_faces=5))
    batcher.add(found(number, source=source) for number in range(6) for source in ("lobby", "hall"))
    order = [each for _ in range(3) for each in taken(batcher)]
    for source in ("lobby", "hall"):
        assert [number for name, number in order if name == source] == list(range(6))


def test_stale_frames_are_removed_but_never_the_newest() -> None:
    batcher = Batcher(Limits(DELAY))
    batcher.add(found(number, at=number / 10) for number in range(4))
    batcher.add([found(0, source="hall")])
    batcher.add(found(number, source="film", live=False) for number in range(2))
    stale = batcher.take_stale(STALE_AFTER + 0.15)
    assert [(each.frame.source, each.frame.number) for each in stale] == [("lobby", 0), ("lobby", 1)]
    left = Counter(each.queued.frame.source for each in batcher.take())
    assert left == {"lobby": 2, "hall": 1, "film": 2}
