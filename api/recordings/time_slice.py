"""A stretch of a recording's timeline, found on the disk without reading what lies before it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from api.jobs.checkpoint import Checkpoint, newest_checkpoint
from engine.records import Reading
from engine.stored import decode_stored
from engine.wire import encode_event
from ingest.pace import SECOND

SMALL = 4096  # bytes; a search that is down to this reads on line by line

# Stretches are told in the order of their ends but for so many seconds: a face's last span when the face has
# been away for a while, what is observed after ten seconds at the latest.
DISORDER = 12.0


@dataclass(frozen=True, slots=True)
class TimeSlice:
    """What of a recording lies between two moments: messages without a cursor, as JSON."""

    readings: list[bytes]
    spans: list[bytes]
    coverage: list[bytes]
    until: float  # seconds; up to here everything is read

    def text(self) -> bytes:
        lists = {b"readings": self.readings, b"spans": self.spans, b"coverage": self.coverage}
        shown = [b'"%s":[%s]' % (name, b",".join(bodies)) for name, bodies in lists.items()]
        return b'{%s,"until":%s}' % (b",".join(shown), json.dumps(self.until).encode())


def read_time_slice(parts: Path, source: str, began: float, ended: float) -> TimeSlice:
    """The readings between two moments (seconds), and the stretches that reach into that time.

    Raises BadCheckpointError, BadLineError.
    """
    checkpoint = newest_checkpoint(parts)
    if checkpoint is None:
        return TimeSlice([], [], [], 0.0)
    window = TimeSlice([], [], [], checkpoint.state["position"] / SECOND)
    for reading in _readings(parts, checkpoint, source, began):
        if reading.media_time >= ended * SECOND:
            break
        if reading.media_time >= began * SECOND:
            window.readings.append(encode_event(reading).body)
    told_by = ended + checkpoint.state["longest"] / SECOND + DISORDER
    for line in _lines(parts, checkpoint, "stretches", _end_of_stretch, began - DISORDER):
        stretch = json.loads(line)
        if stretch["ended"] > told_by:
            break
        if stretch["ended"] > began and stretch["started"] < ended:
            (window.spans if stretch["type"] == "span" else window.coverage).append(line.rstrip())
    return window


def _readings(parts: Path, checkpoint: Checkpoint, source: str, began: float) -> Iterator[Reading]:
    for line in _lines(parts, checkpoint, "events", _time_of_reading, began):
        event = decode_stored(line, source)
        if isinstance(event, Reading):
            yield event


def _time_of_reading(line: bytes) -> float | None:
    """Seconds; None for another event."""
    event = decode_stored(line, "")
    return event.media_time / SECOND if isinstance(event, Reading) else None


def _end_of_stretch(line: bytes) -> float | None:
    stretch: dict[str, Any] = json.loads(line)
    return float(stretch["ended"])


def _lines(
    parts: Path,
    checkpoint: Checkpoint,
    kind: str,
    time_of: Callable[[bytes], float | None],
    began: float,
) -> Iterator[bytes]:
    """All lines from shortly before `began` (seconds) on; in each segment they are in order of time."""
    for segment in checkpoint.segments:
        size = segment.sizes[kind]
        with (parts / f"{segment.attempt}.{kind}").open("rb") as file:
            file.seek(_place(file, size, time_of, began))
            while file.tell() < size:
                yield file.readline()


def _place(file: BinaryIO, size: int, time_of: Callable[[bytes], float | None], began: float) -> int:
    """The start of a line before all those from `began` (seconds) on, and not long before."""
    low, high = 0, size
    while high - low > SMALL:
        middle = (low + high) // 2
        file.seek(middle)
        file.readline()  # the rest of a line
        place = file.tell()
        found = _next_time(file, high, time_of)
        if found is not None and found < began:
            low = place
        else:
            high = middle
    return low


def _next_time(file: BinaryIO, end: int, time_of: Callable[[bytes], float | None]) -> float | None:
    """That of the first line from here on that has one, up to `end` (bytes)."""
    while file.tell() < end:
        found = time_of(file.readline())
        if found is not None:
            return found
    return None
