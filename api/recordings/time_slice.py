"""A slice of a recording's timeline, found in the event log without reading all that lies before it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from api.jobs.checkpoint import Checkpoint, newest_checkpoint
from api.jobs.event_log import EVENTS, INTERVALS, log_path
from engine.records import Reading
from engine.stored import decode_stored
from engine.wire import encode_event
from ingest.pace import SECOND

BLOCK = 4096  # bytes; a binary search that has narrowed down to this reads on line by line

# Spans and coverage are logged at most so many seconds after their ends: the last span of a face only once
# the face has been away for a while, coverage after ten seconds at the latest.
MAX_DELAY = 12.0

TimeOf = Callable[[bytes], float | None]  # seconds of a line; None for a line without a time


@dataclass(frozen=True, slots=True)
class TimeSlice:
    """Messages between two moments of a recording as JSON, without a cursor."""

    readings: list[bytes]
    spans: list[bytes]
    coverage: list[bytes]
    until: float  # seconds that have been read of the recording

    def text(self) -> bytes:
        lists = {b"readings": self.readings, b"spans": self.spans, b"coverage": self.coverage}
        fields = [b'"%s":[%s]' % (name, b",".join(bodies)) for name, bodies in lists.items()]
        return b'{%s,"until":%s}' % (b",".join(fields), json.dumps(self.until).encode())


def read_time_slice(parts: Path, source: str, start: float, end: float) -> TimeSlice:
    """Return the readings from `start` to before `end` (seconds), and the spans and coverage that overlap it.

    Raises BadCheckpointError and BadLineError.
    """
    checkpoint = newest_checkpoint(parts)
    if checkpoint is None:
        return TimeSlice([], [], [], 0.0)
    result = TimeSlice([], [], [], checkpoint.state["position"] / SECOND)
    for reading in _readings(parts, checkpoint, source, start):
        if reading.media_time >= end * SECOND:
            break
        if reading.media_time >= start * SECOND:
            result.readings.append(encode_event(reading).body)
    last_end = end + checkpoint.state["longest"] / SECOND + MAX_DELAY
    for line in _lines(parts, checkpoint, INTERVALS, _end_of_interval, start - MAX_DELAY):
        message = json.loads(line)
        if message["ended"] > last_end:
            break
        if message["ended"] > start and message["started"] < end:
            (result.spans if message["type"] == "span" else result.coverage).append(line.rstrip())
    return result


def _readings(parts: Path, checkpoint: Checkpoint, source: str, start: float) -> Iterator[Reading]:
    for line in _lines(parts, checkpoint, EVENTS, _time_of_reading, start):
        event = decode_stored(line, source)
        if isinstance(event, Reading):
            yield event


def _time_of_reading(line: bytes) -> float | None:
    event = decode_stored(line, "")
    return event.media_time / SECOND if isinstance(event, Reading) else None


def _end_of_interval(line: bytes) -> float | None:
    return float(json.loads(line)["ended"])


def _lines(parts: Path, checkpoint: Checkpoint, log: str, time_of: TimeOf, start: float) -> Iterator[bytes]:
    """All lines from shortly before `start` (seconds) on; each segment is in order of time."""
    for segment in checkpoint.segments:
        size = segment.sizes[log]
        with log_path(parts, segment.attempt, log).open("rb") as file:
            file.seek(_search(file, size, time_of, start))
            while file.tell() < size:
                yield file.readline()


def _search(file: BinaryIO, size: int, time_of: TimeOf, start: float) -> int:
    """The offset of a line shortly before all lines from `start` (seconds) on: a binary search."""
    low, high = 0, size
    while high - low > BLOCK:
        middle = (low + high) // 2
        file.seek(middle)
        file.readline()  # the rest of a line
        offset = file.tell()
        time = _next_time(file, high, time_of)
        if time is not None and time < start:
            low = offset
        else:
            high = middle
    return low


def _next_time(file: BinaryIO, end: int, time_of: TimeOf) -> float | None:
    """The time of the next line that has one, up to the offset `end`."""
    while file.tell() < end:
        time = time_of(file.readline())
        if time is not None:
            return time
    return None
