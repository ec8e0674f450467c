"""Overview of a range: the seconds of each face and the coverage, as one JSON document.

An hour of ten faces is a megabyte. It is encoded face by face, so that other requests run in between.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.labels import LABELS

STEP = 1.0  # seconds

PERCENTS = {"type": "array", "items": {"type": "integer"}, "minItems": len(LABELS), "maxItems": len(LABELS)}

OVERVIEW_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["source", "step", "tracks", "coverage", "until"],
    "properties": {
        "source": {"type": "string"},
        "step": {"type": "number", "description": "seconds that each value covers"},
        "tracks": {
            "type": "array",
            "description": "the faces in order of appearance; the lists of a face have equal lengths",
            "items": {
                "type": "object",
                "required": ["track", "times", "values", "labels"],
                "properties": {
                    "track": {"type": "integer"},
                    "times": {
                        "type": "array",
                        "items": {"type": "integer"},
                        "description": "ms since 1970 of the first reading; for recordings, media time",
                    },
                    "values": {
                        "type": "array",
                        "items": PERCENTS,
                        "description": f"mean percentages of {' '.join(LABELS)}",
                    },
                    "labels": {
                        "type": "array",
                        "items": {"type": "integer", "minimum": -1, "maximum": len(LABELS) - 1},
                        "description": "index of the most frequent label in that order; -1 if there is none",
                    },
                },
            },
        },
        "coverage": {
            "type": "array",
            "description": "kinds of the periods, as in messages of type coverage",
            "items": {"type": "object", "required": ["kind", "frames"]},
        },
        "until": {
            "type": ["string", "number"],
            "description": "cursor after which the messages continue; for recordings, the second",
        },
    },
}


@dataclass(slots=True)
class _Face:
    """Lists with one item for each second, as stored text, so that nothing is parsed."""

    times: list[bytes] = field(default_factory=list)
    labels: list[bytes] = field(default_factory=list)
    values: list[bytes] = field(default_factory=list)

    def text(self, track: bytes) -> bytes:
        return b'{"track":%b,"times":[%b],"values":[[%b]],"labels":[%b]}' % (
            track,
            b",".join(self.times),
            b"],[".join(self.values),
            b",".join(self.labels),
        )


class OverviewDocument:
    """Collects a source's seconds and periods of coverage, in order."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._faces: dict[bytes, _Face] = {}  # by track
        self._coverage: list[dict[str, Any]] = []

    def add_seconds(self, body: bytes) -> None:
        """Add the body of an entry, as engine.wire.encode_seconds writes it."""
        for line in body.split(b"\n"):
            track, time, label, percents = line.split(b" ")
            face = self._faces.get(track)
            if face is None:
                face = self._faces[track] = _Face()
            face.times.append(time)
            face.labels.append(label)
            face.values.append(percents)

    def add_coverage(self, message: Mapping[str, Any], *times: str) -> None:
        """Add the period of a coverage message; `times` are the fields of its start and its end."""
        self._coverage.append({name: message[name] for name in ("kind", *times, "frames")})

    async def text(self, until: str | float) -> bytes:
        """Encode the document; `until` is its end: a cursor, or a second of a recording."""
        tracks = []
        for track, face in self._faces.items():
            tracks.append(face.text(track))
            await asyncio.sleep(0)
        ends = {"source": self._source, "step": STEP, "coverage": self._coverage, "until": until}
        return b'{"tracks":[%b],%b' % (
            b",".join(tracks),
            json.dumps(ends, separators=(",", ":")).encode()[1:],
        )
