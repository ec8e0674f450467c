"""Encodes frames and states of sources for Redis streams, and decodes frames."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np

from ingest.bus.client import Fields
from ingest.bus.timeline import TimelineEntry
from ingest.frame import Clock, Frame

State = Literal["connecting", "live", "reconnecting", "ended", "error"]


class BadFrameError(Exception):
    """A stream entry is not a frame."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """The state of a source's connection, which becomes an entry of its timeline."""

    source: str
    state: State
    reason: str  # without credentials; "" if there is none
    at: datetime  # UTC


def encode_frame(frame: Frame) -> dict[str, bytes | int | float | str]:
    height, width = frame.grey.shape
    return {
        "source": frame.source,
        "connection": frame.connection,
        "number": frame.number,
        "media_time": frame.media_time,
        "captured_at": rfc3339(frame.captured_at) or "",
        "clock": frame.clock or "",
        "damaged": int(frame.damaged),
        "width": width,
        "height": height,
        "grey": frame.grey.tobytes(),
    }


def decode_frame(fields: Fields) -> Frame:
    """Decode the fields of a frame. Raise BadFrameError if fields are missing or contradict each other."""
    try:
        shape = (int(fields[b"height"]), int(fields[b"width"]))
        captured_at = fields[b"captured_at"].decode()
        clock: dict[bytes, Clock | None] = {b"rtcp": "rtcp", b"arrival": "arrival", b"": None}
        return Frame(
            source=fields[b"source"].decode(),
            connection=int(fields[b"connection"]),
            number=int(fields[b"number"]),
            media_time=int(fields[b"media_time"]),
            captured_at=datetime.fromisoformat(captured_at) if captured_at else None,
            clock=clock[fields[b"clock"]],
            damaged=fields[b"damaged"] == b"1",
            grey=np.frombuffer(fields[b"grey"], dtype=np.uint8).reshape(shape),
        )
    except (KeyError, ValueError) as error:
        raise BadFrameError(f"not a frame: {error!r}") from error


def encode_state(state: SourceState) -> TimelineEntry:
    source, at = state.source, rfc3339(state.at)
    body = {"type": "state", "source": source, "state": state.state, "reason": state.reason, "at": at}
    return TimelineEntry(source, "state", json.dumps(body).encode())


def rfc3339(moment: datetime | None) -> str | None:
    """Format a time as UTC with milliseconds: 2026-01-31T12:03:07.250Z."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
