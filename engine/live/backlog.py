"""Chooses the frames to read when the engine cannot read all of them. Pure: the time is an argument."""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from engine.tensors import CROP_BATCH
from ingest.frame import Frame

STALE_AFTER = 0.4  # seconds in Redis; a live view that lags by more is a recording
TURN_TIME = 0.15  # seconds for the frames of one turn; a frame that arrives in it waits up to as long
CAPACITY_WINDOW = 7  # newest turns; the median of their times per frame gives the capacity


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of batching and of skipping frames."""

    delay: float = 0.0  # seconds that a frame waits for those of other cameras
    batch_faces: int = CROP_BATCH  # faces that fill a batch
    stale_after: float = STALE_AFTER  # seconds
    turn_time: float = TURN_TIME  # seconds


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True, eq=False)
class QueuedFrame:
    """A frame and its arrival in Redis; a camera's own clock may lag behind that."""

    entry: bytes  # ID in Redis
    frame: Frame
    at: float  # seconds, by the clock of `now`


def is_stale(queued: QueuedFrame, now: float, stale_after: float) -> bool:
    """Return whether a live frame is too old to be read at `now` (seconds)."""
    return queued.frame.captured_at is not None and now - queued.at > stale_after


def drop_stale(queued: Sequence[QueuedFrame], now: float, stale_after: float) -> list[QueuedFrame]:
    """Return the frames that are not stale at `now` (seconds), and each source's newest frame."""
    newest = {each.frame.source: index for index, each in enumerate(queued)}
    return [
        each
        for index, each in enumerate(queued)
        if newest[each.frame.source] == index or not is_stale(each, now, stale_after)
    ]


def share_capacity(queued: Sequence[QueuedFrame], capacity: int) -> list[QueuedFrame]:
    """Return at most `capacity` live frames, but at least one of each source, and all of recordings.

    Sources share the capacity evenly; a source that needs less leaves the rest to the others (max-min
    fairness: Bertsekas and Gallager, Data Networks, 6.5.2). Of a source with more frames than its share,
    frames at even distances are returned, the newest among them.
    """
    waiting = Counter(each.frame.source for each in queued if each.frame.captured_at is not None)
    shares = _shares(waiting, capacity)
    counted: Counter[str] = Counter()
    chosen = []
    for each in queued:
        source = each.frame.source
        if each.frame.captured_at is not None:
            counted[source] += 1
            share, total = shares[source], waiting[source]
            if counted[source] * share // total == (counted[source] - 1) * share // total:
                continue
        chosen.append(each)
    return chosen


def _shares(waiting: Counter[str], capacity: int) -> dict[str, int]:
    """Return how many of each source's waiting frames are read."""
    shares = {}
    smallest_first = sorted(waiting, key=lambda source: (waiting[source], source))
    for index, source in enumerate(smallest_first):
        shares[source] = max(1, min(waiting[source], capacity // (len(smallest_first) - index)))
        capacity -= shares[source]
    return shares


class Capacity:
    """Number of frames that can be read in a turn, from the durations of the newest turns."""

    def __init__(self, turn_time: float = TURN_TIME) -> None:
        self._turn_time = turn_time
        self._durations: deque[float] = deque(maxlen=CAPACITY_WINDOW)  # seconds per frame

    def record(self, frames: int, seconds: float) -> None:
        """Add the duration of a turn."""
        if frames:
            self._durations.append(seconds / frames)

    def frames(self, limit: int) -> int:
        """Return the frames of a turn, from 1 to `limit`; `limit` until CAPACITY_WINDOW turns are known."""
        if len(self._durations) < CAPACITY_WINDOW:
            return limit
        return max(1, min(limit, int(self._turn_time / max(median(self._durations), 1e-6))))
