"""Gathers frames of all cameras whose faces go through the networks as one batch. Pure.

A frame waits with the faces that were detected in it, and all of them go into one batch, so that its tracks,
its readings and its acknowledgement are written at once.

Cameras take turns by faces, not by frames: the camera whose turn begins earliest is next, and a frame of many
faces delays its camera's next turn by as many (start-time fair queueing: Goyal, Vin and Cheng, SIGCOMM 1996).
So a crowd does not starve the others, and gets the capacity that they leave.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from engine.live.backlog import Limits, QueuedFrame, is_stale
from engine.records import Face


@dataclass(frozen=True, slots=True, eq=False)
class DetectedFrame:
    """A queued frame and the faces that were detected in it."""

    queued: QueuedFrame
    faces: list[Face]

    @property
    def weight(self) -> int:
        """Faces to read; a frame without any takes a little time as well."""
        return max(1, len(self.faces))


class Batcher:
    """Frames that wait to be read together with those of other cameras."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._waiting: dict[str, deque[DetectedFrame]] = {}
        self._turn_ends: dict[str, int] = {}  # end of each source's last turn, in faces
        self._turn = 0  # start of the newest turn

    def __len__(self) -> int:
        """Return the number of frames that wait."""
        return sum(map(len, self._waiting.values()))

    def add(self, frames: Iterable[DetectedFrame]) -> None:
        """Add frames, each source's in their order."""
        for each in frames:
            self._waiting.setdefault(each.queued.frame.source, deque()).append(each)

    def due_in(self, now: float) -> float | None:
        """Return the seconds until a batch is due, 0 if one is due at `now`, None if nothing waits."""
        if not self._waiting:
            return None
        faces = sum(frame.weight for queue in self._waiting.values() for frame in queue)
        if faces >= self._limits.batch_faces:
            return 0.0
        oldest = min(queue[0].queued.at for queue in self._waiting.values())
        return max(0.0, oldest + self._limits.delay - now)

    def take(self) -> list[DetectedFrame]:
        """Return a batch, due or not. A frame of more faces than fill a batch is a batch of its own."""
        batch: list[DetectedFrame] = []
        faces = 0
        while self._waiting:
            source = min(self._waiting, key=self._turn_start)
            faces += self._waiting[source][0].weight
            if batch and faces > self._limits.batch_faces:
                break
            batch.append(self._next(source))
        return batch

    def take_stale(self, now: float) -> list[QueuedFrame]:
        """Remove and return the stale frames, but never a source's newest one."""
        return [
            self._pop(source).queued
            for source, queue in list(self._waiting.items())
            for _ in range(len(queue) - 1)
            if is_stale(queue[0].queued, now, self._limits.stale_after)
        ]

    def _turn_start(self, source: str) -> int:
        """Return the start of a source's next turn; an idle source does not save turns up."""
        return max(self._turn, self._turn_ends.get(source, 0))

    def _next(self, source: str) -> DetectedFrame:
        self._turn = self._turn_start(source)
        frame = self._pop(source)
        self._turn_ends[source] = self._turn + frame.weight
        if not self._waiting:
            self._turn_ends.clear()
        return frame

    def _pop(self, source: str) -> DetectedFrame:
        queue = self._waiting[source]
        frame = queue.popleft()
        if not queue:
            del self._waiting[source]
        return frame
