"""A stretch of a source in brief: the seconds of each face, and the coverage, as one JSON document.

An hour of ten faces is a megabyte: it is put together face by face, and others have their turn in between.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

STEP = 1.0  # seconds

PERCENTS = {"type": "array", "items": {"type": "integer"}, "minItems": 7, "maxItems": 7}

OVERVIEW_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["source", "step", "tracks", "coverage", "until"],
    "properties": {
        "source": {"type": "string"},
        "step": {"type": "number", "description": "seconds that each of a face's values stands for"},
        "tracks": {
            "type": "array",
            "description": "the faces in the order in which they came; their lists are equally long",
            "items": {
                "type": "object",
                "required": ["track", "times", "values", "labels"],
                "properties": {
                    "track": {"type": "integer"},
                    "times": {
                        "type": "array",
                        "items": {"type": "integer"},
                        "description": "ms since 1970 of the first reading; of recordings: media time",
                    },
                    "values": {
                        "type": "array",
                        "items": PERCENTS,
                        "description": "mean percent of angry disgust sad happy surprise fear neutral",
                    },
                    "labels": {
                        "type": "array",
                        "items": {"type": "integer", "minimum": -1, "maximum": 6},
                        "description": "the most frequent label's place in that order; -1: none",
                    },
                },
            },
        },
        "coverage": {
            "type": "array",
            "description": "what the stretches of time were, as in the messages of that type",
            "items": {"type": "object", "required": ["kind", "frames"]},
        },
        "until": {
            "type": ["string", "number"],
            "description": "the cursor after which messages tell what follows; of recordings: seconds",
        },
    },
}


@dataclass(slots=True)
class _Face:
    """Lists of equal length, an item a second; texts as they were written, so that nothing is parsed."""

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
    """Takes a source's seconds, and stretches of its coverage, in their order."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._faces: dict[bytes, _Face] = {}  # by track
        self._coverage: list[Mapping[str, Any]] = []

    def add_seconds(self, body: bytes) -> None:
        """An entry's body, as engine.wire.encode_seconds writes it."""
        for line in body.split(b"\n"):
            track, time, label, percents = line.split(b" ")
            face = self._faces.get(track)
            if face is None:
                face = self._faces[track] = _Face()
            face.times.append(time)
            face.labels.append(label)
            face.values.append(percents)

    def add_coverage(self, stretch: Mapping[str, Any]) -> None:
        """A stretch as the document is to show it."""
        self._coverage.append(stretch)

    async def text(self, until: str | float) -> bytes:
        """The document; `until` is the cursor, or the second of a recording, up to which it goes."""
        tracks = []
        for track, face in self._faces.items():
            tracks.append(face.text(track))
            await asyncio.sleep(0)
        ends = {"source": self._source, "step": STEP, "coverage": self._coverage, "until": until}
        return b'{"tracks":[%b],%b' % (
            b",".join(tracks),
            json.dumps(ends, separators=(",", ":")).encode()[1:],
        )
