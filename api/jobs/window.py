"""A stretch of a recording's timeline, found on the disk without reading what lies before it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from api.jobs.parts import Checkpoint, newest_checkpoint, stored_lines
from engine.records import Reading
from engine.stored import decode_stored
from engine.wire import encode_event
from ingest.pace import SECOND

SMALL = 4096  # bytes; a search that is down to this reads on line by line


@dataclass(frozen=True, slots=True)
class Window:
    """What of a recording lies between two moments: messages without a cursor, as JSON."""

    readings: list[bytes]
    spans: list[bytes]
    coverage: list[bytes]
    until: float  # seconds; up to here everything is read

    def text(self) -> bytes:
        lists = {b"readings": self.readings, b"spans": self.spans, b"coverage": self.coverage}
        shown = [b'"%s":[%s]' % (name, b",".join(bodies)) for name, bodies in lists.items()]
        return b'{%s,"until":%s}' % (b",".join(shown), json.dumps(self.until).encode())


def read_window(parts: Path, source: str, began: float, ended: float) -> Window:
    """The readings between two moments (seconds), and the stretches that reach into that time.

    Raises BadCheckpointError, BadLineError.
    """
    checkpoint = newest_checkpoint(parts)
    if checkpoint is None:
        return Window([], [], [], 0.0)
    readings = _readings(parts, checkpoint, source, (round(began * SECOND), round(ended * SECOND)))
    spans: list[bytes] = []
    coverage: list[bytes] = []
    for line in stored_lines(parts, checkpoint, "stretches"):
        stretch = json.loads(line)
        if stretch["ended"] > began and stretch["started"] < ended:
            (spans if stretch["type"] == "span" else coverage).append(line.rstrip())
    bodies = [encode_event(reading).body for reading in readings]
    return Window(bodies, spans, coverage, checkpoint.state["position"] / SECOND)


def _readings(
    parts: Path, checkpoint: Checkpoint, source: str, between: tuple[int, int]
) -> Iterator[Reading]:
    """Those in a stretch of ns; the pieces and the lines in them are in order of time."""
    for piece in checkpoint.pieces:
        size = piece.sizes["events"]
        with (parts / f"{piece.attempt}.events").open("rb") as file:
            file.seek(_place(file, size, source, between[0]))
            while file.tell() < size:
                event = decode_stored(file.readline(), source)
                if isinstance(event, Reading) and event.media_time >= between[0]:
                    if event.media_time >= between[1]:
                        return
                    yield event


def _place(file: BinaryIO, size: int, source: str, time: int) -> int:
    """A place at a line's start before all readings from `time` (ns) on, and not long before."""
    low, high = 0, size
    while high - low > SMALL:
        middle = (low + high) // 2
        file.seek(middle)
        file.readline()  # the rest of a line
        place = file.tell()
        found = _next_reading(file, high, source)
        if found is not None and found < time:
            low = place
        else:
            high = middle
    return low


def _next_reading(file: BinaryIO, end: int, source: str) -> int | None:
    """The media time (ns) of the first reading from here on, up to `end` (bytes)."""
    while file.tell() < end:
        event = decode_stored(file.readline(), source)
        if isinstance(event, Reading):
            return event.media_time
    return None
