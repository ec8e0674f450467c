"""Encodes events as lines of a file, without loss; the results of a recording are made from them.

Unlike messages (engine.wire), lines have times in ns and all bits of the numbers.
"""

import base64
import json
from dataclasses import astuple
from typing import Any

import numpy as np

from engine.labels import KEYPOINTS, LABELS
from engine.records import Box, Coverage, Event, FaceEnd, FaceStart, Floats, Reading, Span

POINTS = 2 * len(KEYPOINTS)


class BadLineError(Exception):
    """A line that `encode_stored` did not write."""


def encode_stored(event: Event) -> bytes:
    """Encode an event as a line. Recordings have no wall clock: such fields are left out."""
    match event:
        case Reading():
            fields: list[Any] = ["reading", event.track, event.frame, event.media_time, astuple(event.box)]
            fields += [event.quality, event.label, event.abstained, event.model]
            fields.append(_packed(event.keypoints, event.raw, event.smoothed))
        case FaceStart():
            fields = ["start", event.track, event.media_time, astuple(event.box)]
        case FaceEnd():
            fields = ["end", event.track, event.first_seen, event.last_seen, event.readings]
        case Span():
            fields = ["span", event.track, event.label, event.started, event.ended, event.confidence]
        case Coverage():
            fields = ["coverage", event.kind, event.started, event.ended, event.frames]
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
        case "reading", [track, frame, media_time, box, quality, label, abstained, model, packed]:
            keypoints, raw, smoothed = _unpacked(packed)
            return Reading(
                source=source,
                track=track,
                connection=0,
                frame=frame,
                media_time=media_time,
                captured_at=None,
                clock=None,
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
        case "start", [track, media_time, box]:
            return FaceStart(source, track, media_time, None, Box(*box))
        case "end", [track, first_seen, last_seen, readings]:
            return FaceEnd(source, track, first_seen, last_seen, readings)
        case "span", [track, label, started, ended, confidence]:
            return Span(source, track, label, started, ended, None, None, confidence)
        case "coverage", [kind, started, ended, frames]:
            return Coverage(source, kind, started, ended, None, None, frames)
    raise ValueError(f"{kind} with {len(fields)} fields")


def _packed(keypoints: Floats, raw: Floats, smoothed: Floats) -> str:
    values = np.concatenate([keypoints.ravel(), raw, smoothed]).astype("<f4")
    return base64.b64encode(values.tobytes()).decode()


def _unpacked(text: str) -> tuple[Floats, Floats, Floats]:
    values = np.frombuffer(base64.b64decode(text), dtype="<f4")  # read-only, as it lies in bytes
    if len(values) != POINTS + 2 * len(LABELS):
        raise ValueError(f"{len(values)} numbers")
    keypoints, raw, smoothed = np.split(values, [POINTS, POINTS + len(LABELS)])
    return keypoints.reshape(-1, 2), raw, smoothed
