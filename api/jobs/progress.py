"""How far one attempt at a job is, as its process tells it."""

import json
import time
from typing import Any

from engine.records import Event, FaceStart, Reading
from ingest.pace import SECOND

TOLD_EVERY = 0.25  # seconds


class Progress:
    """What the parent hears, and how much of the job is certain."""

    def __init__(self, state: dict[str, Any]) -> None:
        self.faces: int = state.get("faces", 0)
        self.readings: int = state.get("readings", 0)
        self.position: int = state.get("position", 0)  # ns
        self._worked: float = state.get("elapsed", 0.0)  # seconds, before this attempt
        self._began = time.monotonic()
        self._told = 0.0

    @property
    def elapsed(self) -> float:
        return self._worked + time.monotonic() - self._began

    def count(self, event: Event) -> None:
        self.faces += isinstance(event, FaceStart)
        self.readings += isinstance(event, Reading)

    def tell(self, **more: Any) -> None:
        """At most each TOLD_EVERY seconds, but at once where there is more to say."""
        if not more and time.monotonic() - self._told < TOLD_EVERY:
            return
        self._told = time.monotonic()
        said = {"position": self.position / SECOND, "faces": self.faces, "readings": self.readings}
        tell(**said, **more)


def tell(**word: Any) -> None:
    print(json.dumps(word), flush=True)
