"""Progress reports of the process that reads a recording: JSON objects, one a line, on standard output."""

import json
import time
from typing import Any

from engine.records import Event, FaceStart, Reading
from ingest.pace import SECOND

REPORT_INTERVAL = 0.25  # seconds


class Progress:
    """Counts of one attempt, which continue those of its checkpoint."""

    def __init__(self, state: dict[str, Any]) -> None:
        self.faces: int = state.get("faces", 0)
        self.readings: int = state.get("readings", 0)
        self.position: int = state.get("position", 0)  # ns
        self._elapsed_before: float = state.get("elapsed", 0.0)  # seconds, in earlier attempts
        self._started = time.monotonic()
        self._reported_at = 0.0

    @property
    def elapsed(self) -> float:
        return self._elapsed_before + time.monotonic() - self._started

    def count(self, event: Event) -> None:
        self.faces += isinstance(event, FaceStart)
        self.readings += isinstance(event, Reading)

    def report(self, **more: Any) -> None:
        """Report the counts: at once with `more` fields, else once in REPORT_INTERVAL."""
        if not more and time.monotonic() - self._reported_at < REPORT_INTERVAL:
            return
        self._reported_at = time.monotonic()
        counts = {"position": self.position / SECOND, "faces": self.faces, "readings": self.readings}
        report(**counts, **more)


def report(**fields: Any) -> None:
    print(json.dumps(fields), flush=True)
