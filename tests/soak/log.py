"""Messages of a source that a client has received, reduced to what the verdict needs. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Position = tuple[int, int]  # of a cursor


@dataclass(frozen=True, slots=True)
class Seen:
    """A reading: its face in its frame."""

    cursor: Position
    connection: int
    frame: int
    track: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment of coverage."""

    cursor: Position
    kind: str
    started: float  # seconds of media time
    ended: float
    frames: int


@dataclass(slots=True)
class SourceLog:
    """All messages of one source in the order of their arrival at one client."""

    readings: list[Seen] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)  # by code
    cursor: str = ""  # of the newest message
    disordered: int = 0  # messages whose cursor did not grow
    newest: float = 0.0  # seconds since the epoch: capture of the newest reading

    def add(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "error":
            self.errors[message["code"]] += 1
        if "cursor" not in message:
            return
        at = position(message["cursor"])
        self.disordered += bool(self.cursor) and at <= position(self.cursor)
        self.cursor = message["cursor"]
        if message["type"] == "reading":
            self.readings.append(Seen(at, message["connection"], message["frame"], message["track"]))
            self.newest = datetime.fromisoformat(message["captured_at"]).timestamp()
        elif message["type"] == "coverage":
            fields = (message[name] for name in ("kind", "started", "ended", "frames"))
            self.segments.append(Segment(at, *fields))


def position(cursor: str) -> Position:
    """Return the two numbers of a cursor, for comparisons."""
    milliseconds, _, number = cursor.partition("-")
    return int(milliseconds), int(number)
