"""Which faces go through the networks together: those of all cameras, as they come. Pure.

What waits is a frame with the faces that were found in it. They are read together, so that its tracks, its
readings and its acknowledgement can be written at once.

Cameras take turns by faces, not by frames: whose turn begins earliest is next, and a frame of many faces puts
off its camera's next turn by as many (start-time fair queueing: Goyal, Vin and Cheng, SIGCOMM 1996). So a
crowd does not starve the others, and has what they leave.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from engine.live.backlog import QueuedFrame, is_stale
from engine.records import Face
from engine.tensors import CROP_BATCH


@dataclass(frozen=True, slots=True, eq=False)
class DetectedFrame:
    """A frame, and the faces that were found in it."""

    arrived: QueuedFrame
    faces: list[Face]

    @property
    def weight(self) -> int:
        """Faces to read; a frame without any takes a little time as well."""
        return max(1, len(self.faces))


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What leaves together."""

    taken: list[DetectedFrame]  # to be read: each camera's in their order
    stale: list[QueuedFrame]  # too old to be read


class Batcher:
    """Frames that wait to be read together with those of other cameras."""

    def __init__(self, delay: float, full: int = CROP_BATCH) -> None:
        """`delay`: seconds that a frame waits for others at most; `full`: faces that need not wait."""
        self._delay = delay
        self._full = full
        self._waiting: dict[str, deque[DetectedFrame]] = {}
        self._ended: dict[str, int] = {}  # where each source's last turn ended, in faces
        self._turn = 0  # where the newest turn began

    def __len__(self) -> int:
        """Frames that wait."""
        return sum(map(len, self._waiting.values()))

    def add(self, found: Iterable[DetectedFrame]) -> None:
        """Takes frames in, each source's in their order."""
        for each in found:
            self._waiting.setdefault(each.arrived.frame.source, deque()).append(each)

    def due_in(self, now: float) -> float | None:
        """Seconds until a batch leaves, 0 where one is due at `now`; None where nothing waits."""
        if not self._waiting:
            return None
        if sum(found.weight for queue in self._waiting.values() for found in queue) >= self._full:
            return 0.0
        oldest = min(queue[0].arrived.at for queue in self._waiting.values())
        return max(0.0, oldest + self._delay - now)

    def take(self, now: float) -> Batch:
        """A batch, due or not. One frame of more faces than fill it goes alone."""
        batch = Batch([], self._skip_stale(now))
        faces = 0
        while self._waiting:
            source = min(self._waiting, key=self._start)
            faces += self._waiting[source][0].weight
            if batch.taken and faces > self._full:
                break
            batch.taken.append(self._next(source))
        return batch

    def _start(self, source: str) -> int:
        """Where the source's turn begins; who had nothing to read meanwhile has nothing saved."""
        return max(self._turn, self._ended.get(source, 0))

    def _next(self, source: str) -> DetectedFrame:
        self._turn = self._start(source)
        found = self._pop(source)
        self._ended[source] = self._turn + found.weight
        if not self._waiting:
            self._ended.clear()
        return found

    def _pop(self, source: str) -> DetectedFrame:
        queue = self._waiting[source]
        found = queue.popleft()
        if not queue:
            del self._waiting[source]
        return found

    def _skip_stale(self, now: float) -> list[QueuedFrame]:
        """Takes out what is stale, but never a source's newest frame."""
        return [
            self._pop(source).arrived
            for source, queue in list(self._waiting.items())
            for _ in range(len(queue) - 1)
            if is_stale(queue[0].arrived, now)
        ]
