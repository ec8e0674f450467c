"""Encodes events as timeline entries: the JSON messages that clients of the websocket read."""

import json
from dataclasses import astuple, replace
from datetime import datetime
from typing import Any

from engine.labels import KEYPOINTS, LABELS
from engine.records import Coverage, Event, FaceEnd, FaceStart, Floats, Reading, Second, Span
from engine.stages.timeline import TIME_CONSTANT
from ingest.bus.timeline import SECONDS, TimelineEntry
from ingest.bus.wire import rfc3339
from ingest.pace import SECOND


def encode_event(event: Event) -> TimelineEntry:
    """Encode the event's message as a timeline entry; the API adds the cursor."""
    fields = event_fields(event)
    return TimelineEntry(event.source, fields["type"], json.dumps(fields, separators=(",", ":")).encode())


def event_fields(event: Event) -> dict[str, Any]:
    """Return the fields of the event's message as JSON types: `type` and `source` first."""
    match event:
        case Reading():
            kind, fields = "reading", _reading(event)
        case FaceStart():
            kind, fields = "face.start", _face_start(event)
        case FaceEnd():
            kind, fields = "face.end", _face_end(event)
        case Span():
            label = {"track": event.track, "label": event.label, "confidence": round(event.confidence, 4)}
            kind, fields = "span", _period(event) | label
        case Coverage():
            kind, fields = "coverage", _period(event) | {"kind": event.kind, "frames": event.frames}
    return {"type": kind, "source": event.source} | fields


def encode_seconds(seconds: list[Second]) -> list[TimelineEntry]:
    """Encode the faces of one second of a source as one entry; none if there was no face.

    Its body is a line per face: `TRACK MS LABEL PERCENT,...` with the milliseconds of the epoch, the label's
    number or -1 and each label's percent. 36,000 of them are an hour of ten faces.
    """
    body = "\n".join(map(_overview_line, seconds)).encode()
    return [TimelineEntry(seconds[0].source, SECONDS, body)] if seconds else []


def _overview_line(second: Second) -> str:
    label = LABELS.index(second.label) if second.label else -1
    return f"{second.track} {milliseconds(second)} {label} {','.join(map(str, percents(second.smoothed)))}"


def milliseconds(second: Second) -> int:
    """Return when the first reading was captured (ms since the epoch), or its media time without a clock."""
    if second.captured_at is None:
        return second.started // (SECOND // 1000)
    return round(second.captured_at.timestamp() * 1000)


def percents(distribution: Floats) -> list[int]:
    return [round(100 * value) for value in distribution.tolist()]


def stamped(event: Event, result_at: datetime) -> Event:
    """Return the event with the time of its result, if it is a reading."""
    return replace(event, result_at=result_at) if isinstance(event, Reading) else event


def _reading(reading: Reading) -> dict[str, Any]:
    points = reading.keypoints.tolist()
    return {
        "track": reading.track,
        "connection": reading.connection,
        "frame": reading.frame,
        "media_time": seconds(reading.media_time),
        "captured_at": rfc3339(reading.captured_at),
        "clock": reading.clock,
        "result_at": rfc3339(reading.result_at),
        "box": _rounded(*astuple(reading.box)),
        "keypoints": {name: _rounded(*point) for name, point in zip(KEYPOINTS, points, strict=True)},
        "raw": _distribution(reading.raw),
        "smoothed": _distribution(reading.smoothed),
        "smoothing_delay": TIME_CONSTANT,
        "label": reading.label,
        "abstained": reading.abstained,
        "quality": round(reading.quality, 3),
        "model": reading.model,
    }


def _face_start(event: FaceStart) -> dict[str, Any]:
    return {
        "track": event.track,
        "media_time": seconds(event.media_time),
        "captured_at": rfc3339(event.captured_at),
        "box": _rounded(*astuple(event.box)),
    }


def _face_end(event: FaceEnd) -> dict[str, Any]:
    return {
        "track": event.track,
        "first_seen": seconds(event.first_seen),
        "last_seen": seconds(event.last_seen),
        "readings": event.readings,
    }


def _period(event: Span | Coverage) -> dict[str, Any]:
    return {
        "started": seconds(event.started),
        "ended": seconds(event.ended),
        "started_at": rfc3339(event.started_at),
        "ended_at": rfc3339(event.ended_at),
    }


def _distribution(values: Floats) -> dict[str, float]:
    return {label: round(float(value), 4) for label, value in zip(LABELS, values, strict=True)}


def _rounded(*ratios: float) -> list[float]:
    return [round(ratio, 5) for ratio in ratios]


def seconds(nanoseconds: int) -> float:
    """Convert media time for messages and tables."""
    return round(nanoseconds / SECOND, 6)
