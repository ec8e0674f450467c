"""Which frames of a backlog are read, when not all can be. Pure: the time is an argument."""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ingest.frame import Frame

STALE_AFTER = 0.4  # seconds on the bus; a live view that lags by more is a recording
TURN = 0.15  # seconds that the frames of one turn may take to read: as long wait those that come meanwhile
TURNS = 7  # so many of the newest say how long a frame takes


@dataclass(frozen=True, slots=True, eq=False)
class QueuedFrame:
    """A frame, and when it came onto the bus; a camera's own clock may lag behind that."""

    entry: bytes  # its ID on the bus
    frame: Frame
    at: float  # seconds of the clock that is asked for how late it is


def is_stale(arrived: QueuedFrame, now: float) -> bool:
    """Whether a frame is too old to be read at `now` (seconds); those of a recording never are."""
    return arrived.frame.captured_at is not None and now - arrived.at > STALE_AFTER


def drop_stale(arrived: Sequence[QueuedFrame], now: float) -> list[QueuedFrame]:
    """Leaves out what is stale at `now` (seconds), but never a source's newest frame."""
    newest = {each.frame.source: index for index, each in enumerate(arrived)}
    return [
        each
        for index, each in enumerate(arrived)
        if newest[each.frame.source] == index or not is_stale(each, now)
    ]


def share_capacity(arrived: Sequence[QueuedFrame], room: int) -> list[QueuedFrame]:
    """At most `room` live frames, but one of each source at least; those of a recording all.

    Sources share the room evenly; what one does not need goes to the others, so that who asks for little
    loses nothing to who asks for much (max-min fairness: Bertsekas and Gallager, Data Networks, 6.5.2). Of
    a source that has more than its share, frames are taken at even distances, with the newest.
    """
    waiting = Counter(each.frame.source for each in arrived if each.frame.captured_at is not None)
    shares = _shares(waiting, room)
    seen: Counter[str] = Counter()
    kept = []
    for each in arrived:
        source = each.frame.source
        if each.frame.captured_at is not None:
            seen[source] += 1
            share, of = shares[source], waiting[source]
            if seen[source] * share // of == (seen[source] - 1) * share // of:
                continue
        kept.append(each)
    return kept


def _shares(waiting: Counter[str], room: int) -> dict[str, int]:
    """How many of the frames that wait of each source are read."""
    shares = {}
    modest_first = sorted(waiting, key=lambda source: (waiting[source], source))
    for place, source in enumerate(modest_first):
        shares[source] = max(1, min(waiting[source], room // (len(modest_first) - place)))
        room -= shares[source]
    return shares


class Pace:
    """How many frames can be read in a turn, by how long the newest ones took."""

    def __init__(self) -> None:
        self._newest: deque[float] = deque(maxlen=TURNS)  # seconds a frame

    def note(self, frames: int, seconds: float) -> None:
        """Takes note of what a turn took."""
        if frames:
            self._newest.append(seconds / frames)

    def room(self, most: int) -> int:
        """Frames of a turn, up to `most`, and as many while too little is known."""
        if len(self._newest) < TURNS:
            return most
        return max(1, min(most, int(TURN / max(median(self._newest), 1e-6))))
