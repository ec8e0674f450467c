"""Divides a source's time into segments of one kind each: observed, dropped, disconnected etc. Pure."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.records import Coverage, CoverageKind
from ingest.frame import Frame
from ingest.gaps import is_gap
from ingest.pace import SECOND

MAX_DURATION = 10 * SECOND  # a segment is closed after this, so that live views stay current
MIN_DAMAGE = 1.5  # frame intervals: a longer gap beside decoding errors is caused by them

_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class _LastFrame:
    connection: int
    number: int
    time: int
    interval: int  # ns, to the frame before it; 0 when unknown
    kind: CoverageKind


@dataclass(slots=True)
class _Segment:
    kind: CoverageKind
    started: int
    frames: int = 0


class SourceCoverage:
    """The coverage of one source, without gaps. A frame covers the time until the next one."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._last: _LastFrame | None = None
        self._clock_offset: float | None = None  # seconds from media time to wall clock, of the newest frame
        self._open: _Segment | None = None
        self._closed: list[Coverage] = []

    def is_repeated(self, frame: Frame) -> bool:
        """Return whether this frame, or a later one of its connection, was added before."""
        last = self._last
        return last is not None and last.connection == frame.connection and frame.number <= last.number

    def add(self, frame: Frame, kind: CoverageKind) -> list[Coverage]:
        """Add the next frame; return the segments that it closes. `kind`: of the frame itself."""
        time = frame.media_time
        interval = self._begin(frame, kind) if self._last is None else self._bridge(self._last, frame)
        if self._open is not None and time - self._open.started >= MAX_DURATION:
            self._close(time)
        self._extend(kind, time, frames=1)
        self._last = _LastFrame(frame.connection, frame.number, time, interval, kind)
        if frame.captured_at is not None:
            self._clock_offset = frame.captured_at.timestamp() - time / SECOND
        return self._take_closed()

    def pause(self) -> list[Coverage]:
        """Close the segment at the newest frame, since the next one may come much later."""
        if self._last is not None:
            self._close(self._last.time)
        return self._take_closed()

    def finish(self, ended: int, *, pictures_end: int | None = None, damaged: bool = False) -> list[Coverage]:
        """End the source at `ended` (ns); `damaged`: it could not be decoded after the last frame.

        `pictures_end`: ns, the end of the last picture, picked or not; None if all of the time has one.
        """
        if self._last is None:
            self._open = _Segment("decode_error" if damaged else "no_face", 0)
        elif damaged:
            self._extend("decode_error", min(self._last.time + self._last.interval, ended))
        elif pictures_end is not None and pictures_end < ended:
            self._extend("disconnected", pictures_end)
        self._close(ended)
        return self._take_closed()

    def _begin(self, frame: Frame, kind: CoverageKind) -> int:
        """Cover the time before the first frame; return the frame interval, which is unknown (0)."""
        started = 0 if frame.captured_at is None else frame.media_time  # a recording starts at 0
        is_late = bool(frame.gaps) and frame.captured_at is None
        first: CoverageKind = "decode_error" if frame.damaged else "disconnected" if is_late else kind
        self._open = _Segment(first, started)
        if frame.number > 0:
            self._extend("dropped", frame.media_time, frames=frame.number)
        return 0

    def _bridge(self, last: _LastFrame, frame: Frame) -> int:
        """Cover the time since the last frame; return the frame interval from now on (ns)."""
        if self._open is None:  # paused
            self._open = _Segment(last.kind, last.time)
        time, elapsed, expected = frame.media_time, frame.media_time - last.time, last.time + last.interval
        if frame.connection != last.connection:
            # The first frames of the connection may have been dropped: then it began that much earlier.
            began = time - min(frame.number * last.interval, max(elapsed - last.interval, 0))
            self._extend("disconnected", min(expected, began))
            if frame.number > 0:
                self._extend("dropped", began, frames=frame.number)
            return last.interval
        if (lost := frame.number - last.number - 1) > 0:
            interval = elapsed // (lost + 1)
            self._extend("dropped", min(last.time + interval, time), frames=lost)
            return interval
        if (kind := _gap_kind(frame, elapsed, last.interval)) is not None:
            self._extend(kind, min(expected, time))
            return last.interval
        if frame.gaps:
            self._cover_gaps(frame.gaps, last.kind)
            return last.interval
        return elapsed

    def _cover_gaps(self, gaps: Iterable[tuple[int, int]], kind: CoverageKind) -> None:
        """Cover times without a picture; `kind`: of the pictures between them, of which none was picked."""
        for started, ended in gaps:
            self._extend("disconnected", started)
            self._extend(kind, ended)

    def _extend(self, kind: CoverageKind, time: int, *, frames: int = 0) -> None:
        """Count frames in the open segment, or in a new one from `time` on if its kind differs."""
        if self._open is None or self._open.kind != kind:
            self._close(time)
            self._open = _Segment(kind, time)
        self._open.frames += frames

    def _close(self, ended: int) -> None:
        segment, self._open = self._open, None
        if segment is None or (ended <= segment.started and segment.frames == 0):
            return
        started_at, ended_at = self._wall_clock(segment.started), self._wall_clock(ended)
        ended = max(ended, segment.started)
        self._closed.append(
            Coverage(self._source, segment.kind, segment.started, ended, started_at, ended_at, segment.frames)
        )

    def _take_closed(self) -> list[Coverage]:
        closed, self._closed = self._closed, []
        return closed

    def _wall_clock(self, time: int) -> datetime | None:
        if self._clock_offset is None:
            return None
        return _EPOCH + timedelta(seconds=self._clock_offset + time / SECOND)

    def state(self) -> dict[str, Any]:
        """Return the state for `restored`, as JSON types."""
        return {
            "last": self._last and astuple(self._last),
            "clock_offset": self._clock_offset,
            "stretch": self._open and astuple(self._open),
        }

    @classmethod
    def restored(cls, source: str, state: dict[str, Any]) -> "SourceCoverage":
        coverage = cls(source)
        coverage._last = _LastFrame(*state["last"]) if state["last"] else None
        coverage._clock_offset = state["clock_offset"]
        coverage._open = _Segment(*state["stretch"]) if state["stretch"] else None
        return coverage


def _gap_kind(frame: Frame, elapsed: int, interval: int) -> CoverageKind | None:
    """Return the kind of the gap before a frame, with no frame lost between; None if it is no gap."""
    if not interval:
        return None
    if frame.damaged and elapsed > MIN_DAMAGE * interval:
        return "decode_error"
    is_live = frame.captured_at is not None  # a recording tells its gaps itself
    return "disconnected" if is_live and is_gap(elapsed, interval) else None
