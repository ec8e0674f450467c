"""Encodes events as lines of a file, without loss; the results of a recording are made from them.

Unlike messages (engine.wire), lines have times in ns and all bits of the numbers.
"""

import base64
import json
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from engine.labels import KEYPOINTS, LABELS
from engine.records import Box, Coverage, Event, FaceEnd, FaceStart, Floats, Reading, Span

_EPOCH = datetime.fromtimestamp(0, UTC)

POINTS = 2 * len(KEYPOINTS)


class BadLineError(Exception):
    """A line that `encode_stored` did not write."""


def encode_stored(event: Event) -> bytes:
    """Encode an event of a recording as a line, its wall clock in µs of the epoch."""
    match event:
        case Reading():
            fields: list[Any] = ["reading", event.track, event.frame, event.media_time, astuple(event.box)]
            fields += [event.quality, event.label, event.abstained, event.model]
            fields += [_packed(event.keypoints, event.raw, event.smoothed), _micros(event.captured_at)]
        case FaceStart():
            fields = ["start", event.track, event.media_time, astuple(event.box), _micros(event.captured_at)]
        case FaceEnd():
            fields = ["end", event.track, event.first_seen, event.last_seen, event.readings]
        case Span():
            fields = ["span", event.track, event.label, event.started, event.ended, event.confidence]
            fields += [_micros(event.started_at), _micros(event.ended_at)]
        case Coverage():
            fields = ["coverage", event.kind, event.started, event.ended, event.frames]
            fields += [_micros(event.started_at), _micros(event.ended_at)]
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


def decode_stored(line: bytes, source: str) -> Event:
    """Decode a line to an event of `source`. Raises BadLineError."""
    try:
        kind, *fields = json.loads(line)
        return _event(source, kind, fields)
    except (ValueError, TypeError, KeyError) as error:
        raise BadLineError(f"{source}: not an event of this version: {error!r}") from error


def _event(source: str, kind: str, fields: list[Any]) -> Event:
    match kind, fields:
        case "reading", [track, frame, media_time, box, quality, label, abstained, model, packed, at]:
            keypoints, raw, smoothed = _unpacked(packed)
            return Reading(
                source=source,
                track=track,
                connection=0,
                frame=frame,
                media_time=media_time,
                captured_at=_moment(at),
                clock=None if at is None else "container",
                result_at=None,
                box=Box(*box),
                keypoints=keypoints,
                raw=raw,
                smoothed=smoothed,
                label=label,
                abstained=abstained,
                quality=quality,
                model=model,
            )
        case "start", [track, media_time, box, at]:
            return FaceStart(source, track, media_time, _moment(at), Box(*box))
        case "end", [track, first_seen, last_seen, readings]:
            return FaceEnd(source, track, first_seen, last_seen, readings)
        case "span", [track, label, started, ended, confidence, since, until]:
            return Span(source, track, label, started, ended, _moment(since), _moment(until), confidence)
        case "coverage", [kind, started, ended, frames, since, until]:
            return Coverage(source, kind, started, ended, _moment(since), _moment(until), frames)
    raise ValueError(f"{kind} with {len(fields)} fields")


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // timedelta(microseconds=1)


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else _EPOCH + timedelta(microseconds=micros)


def _packed(keypoints: Floats, raw: Floats, smoothed: Floats) -> str:
    values = np.concatenate([keypoints.ravel(), raw, smoothed]).astype("<f4")
    return base64.b64encode(values.tobytes()).decode()


def _unpacked(text: str) -> tuple[Floats, Floats, Floats]:
    values = np.frombuffer(base64.b64decode(text), dtype="<f4")  # read-only, as it lies in bytes
    if len(values) != POINTS + 2 * len(LABELS):
        raise ValueError(f"{len(values)} numbers")
    keypoints, raw, smoothed = np.split(values, [POINTS, POINTS + len(LABELS)])
    return keypoints.reshape(-1, 2), raw, smoothed
