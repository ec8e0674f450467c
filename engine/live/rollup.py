"""Sums up the readings of each second in one record per face, from which long timelines are drawn. Pure."""

import json
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from engine.labels import LABELS
from engine.records import Reading, Second
from ingest.pace import SECOND


@dataclass(slots=True)
class _Open:
    """Sums of one face in the open second."""

    captured_at: str | None
    totals: list[float] = field(default_factory=lambda: [0.0] * len(LABELS))
    labels: list[int] = field(default_factory=lambda: [0] * (len(LABELS) + 1))  # the last one: abstained


class Rollup:
    """The seconds of one source. A second is closed, with all its faces, when media time has passed it."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._number = 0  # of the open second
        self._faces: dict[int, _Open] = {}  # by track

    def add(self, reading: Reading) -> list[Second]:
        """Add the next reading; return the second that it closes, one record per face."""
        closed = self.until(reading.media_time)
        if not self._faces:
            self._number = reading.media_time // SECOND
        captured_at = reading.captured_at.isoformat() if reading.captured_at else None
        face = self._faces.setdefault(reading.track, _Open(captured_at))
        pairs = zip(face.totals, reading.smoothed.tolist(), strict=True)
        face.totals = [total + value for total, value in pairs]
        face.labels[LABELS.index(reading.label) if reading.label else -1] += 1
        return closed

    def until(self, time: int) -> list[Second]:
        """Return the open second if it is over at `time` (ns), with or without a face in view."""
        return self.flush() if time // SECOND > self._number else []

    def flush(self) -> list[Second]:
        """Close the open second and return it."""
        faces, self._faces = self._faces, {}
        return [self._second(track, face) for track, face in faces.items()]

    def _second(self, track: int, face: _Open) -> Second:
        readings = sum(face.labels)
        best = face.labels.index(max(face.labels))
        return Second(
            source=self._source,
            track=track,
            started=self._number * SECOND,
            captured_at=datetime.fromisoformat(face.captured_at) if face.captured_at else None,
            readings=readings,
            smoothed=np.array([total / readings for total in face.totals], dtype=np.float32),
            label=LABELS[best] if best < len(LABELS) else None,
        )

    def state(self) -> bytes:
        """Return the state for `restored`, as one line of JSON."""
        faces = {track: [face.captured_at, face.totals, face.labels] for track, face in self._faces.items()}
        return json.dumps({"number": self._number, "faces": faces}, separators=(",", ":")).encode()

    @classmethod
    def restored(cls, source: str, state: bytes) -> "Rollup":
        """Return the rollup of a state. Raises ValueError if it is damaged or of another version."""
        rollup = cls(source)
        try:
            fields = json.loads(state)
            rollup._number = fields["number"]
            rollup._faces = {int(track): _Open(*face) for track, face in fields["faces"].items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{source}: not a rollup of this version: {error!r}") from error
        return rollup
