"""What became of every stretch of a source's time: the stretches add up to all of it. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.records import Coverage, CoverageKind
from ingest.frame import Frame
from ingest.pace import SECOND

LONGEST = 10 * SECOND  # a stretch is told at the latest after this, so that live views stay current
STALLED_FROM = 2 * SECOND  # a camera that is silent for longer, and for STALLED_TIMES its interval, is away
STALLED_TIMES = 3
DAMAGED_FROM = 1.5  # frame intervals: a longer hole beside decoding errors is the errors' doing


@dataclass(frozen=True, slots=True)
class _Last:
    """The frame before."""

    connection: int
    number: int
    time: int
    interval: int  # ns, to the frame before it; 0 when unknown
    kind: CoverageKind


class CoverageKeeper:
    """The coverage of one source. A frame stands for the time until the next one."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._last: _Last | None = None
        self._clock_offset: float | None = None  # seconds from media time to wall clock, of the newest frame
        self._stretch: tuple[CoverageKind, int, int] | None = None  # kind, start, frames so far

    def is_repeated(self, frame: Frame) -> bool:
        """Whether this frame, or a later one of its connection, was there already."""
        last = self._last
        return last is not None and last.connection == frame.connection and frame.number <= last.number

    def add(self, frame: Frame, kind: CoverageKind) -> list[Coverage]:
        """Takes the next frame and what was seen in it; gives the stretches that are over."""
        told: list[Coverage] = []
        last, time = self._last, frame.media_time
        interval = 0
        if last is None:
            started = 0 if frame.captured_at is None else time  # a recording starts at 0
            self._open("decode_error" if frame.damaged else kind, started)
            if frame.number > 0:
                self._break("dropped", time, time, told, frames=frame.number)
        else:
            if self._stretch is None:  # paused
                self._open(last.kind, last.time)
            interval = self._bridge(last, frame, told)
        if self._stretch is None or self._stretch[0] != kind or time - self._stretch[1] >= LONGEST:
            told += self._close(time)
            self._open(kind, time)
        self._count(1)
        self._last = _Last(frame.connection, frame.number, time, interval, kind)
        if frame.captured_at is not None:
            self._clock_offset = frame.captured_at.timestamp() - time / SECOND
        return told

    def pause(self) -> list[Coverage]:
        """Tells all up to the newest frame, since the next one may be long in coming."""
        return self._close(self._last.time) if self._last is not None else []

    def finish(self, ended: int, *, damaged: bool = False) -> list[Coverage]:
        """Ends the source at `ended` (ns): the last frame lasts until there, or damage begins after it."""
        told: list[Coverage] = []
        if self._last is None:
            self._open("decode_error" if damaged else "no_face", 0)
        elif damaged:
            self._break("decode_error", self._last.time + self._last.interval, ended, told, frames=0)
        told += self._close(ended)
        return told

    def _bridge(self, last: _Last, frame: Frame, told: list[Coverage]) -> int:
        """Explains the time since the frame before; gives the frame interval to expect from now on."""
        elapsed = frame.media_time - last.time
        if frame.connection != last.connection:
            # Its first frames may have been dropped already: then it was there for as long before this one.
            began = frame.media_time - min(frame.number * last.interval, max(elapsed - last.interval, 0))
            self._break("disconnected", last.time + last.interval, began, told, frames=0)
            if frame.number > 0:
                self._break("dropped", began, frame.media_time, told, frames=frame.number)
            return last.interval
        lost = frame.number - last.number - 1
        if lost > 0:
            share = elapsed // (lost + 1)
            self._break("dropped", last.time + share, frame.media_time, told, frames=lost)
            return share
        if frame.damaged and last.interval and elapsed > DAMAGED_FROM * last.interval:
            self._break("decode_error", last.time + last.interval, frame.media_time, told, frames=0)
            return last.interval
        if frame.captured_at is not None and _stalled(elapsed, last.interval):
            self._break("disconnected", last.time + last.interval, frame.media_time, told, frames=0)
            return last.interval
        return elapsed

    def _break(
        self, kind: CoverageKind, started: int, ended: int, told: list[Coverage], *, frames: int
    ) -> None:
        started = min(started, ended)
        if self._stretch is None or self._stretch[0] != kind:
            told += self._close(started)
            self._open(kind, started)
        self._count(frames)

    def _open(self, kind: CoverageKind, started: int) -> None:
        self._stretch = (kind, started, 0)

    def _count(self, frames: int) -> None:
        assert self._stretch is not None
        kind, started, counted = self._stretch
        self._stretch = (kind, started, counted + frames)

    def _close(self, ended: int) -> list[Coverage]:
        if self._stretch is None:
            return []
        kind, started, frames = self._stretch
        self._stretch = None
        if ended <= started and frames == 0:
            return []
        return [
            Coverage(
                source=self._source,
                kind=kind,
                started=started,
                ended=max(ended, started),
                started_at=self._wall(started),
                ended_at=self._wall(ended),
                frames=frames,
            )
        ]

    def _wall(self, time: int) -> datetime | None:
        if self._clock_offset is None:
            return None
        return _EPOCH + timedelta(seconds=self._clock_offset + time / SECOND)

    def state(self) -> dict[str, Any]:
        """What `restored` needs to go on from here, as JSON types."""
        last = self._last
        return {
            "last": last and [last.connection, last.number, last.time, last.interval, last.kind],
            "clock_offset": self._clock_offset,
            "stretch": self._stretch,
        }

    @classmethod
    def restored(cls, source: str, state: dict[str, Any]) -> "CoverageKeeper":
        keeper = cls(source)
        keeper._last = _Last(*state["last"]) if state["last"] else None
        keeper._clock_offset = state["clock_offset"]
        stretch = state["stretch"]
        keeper._stretch = (stretch[0], stretch[1], stretch[2]) if stretch else None
        return keeper


def _stalled(elapsed: int, interval: int) -> bool:
    return interval > 0 and elapsed > max(STALLED_FROM, STALLED_TIMES * interval)


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
