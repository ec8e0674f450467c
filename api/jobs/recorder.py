"""Keeps the events of a recording in its parts, and makes them certain from time to time."""

import time
from collections.abc import Iterable
from typing import Any

from api.jobs.event_log import Checkpoint, PartsWriter
from api.jobs.progress import Progress
from engine.live.rollup import Rollup
from engine.recording import ReaderState
from engine.records import Coverage, Event, Reading, Span
from engine.stored import encode_stored
from engine.wire import encode_event, encode_seconds
from ingest.bus.streams import TimelineEntry
from ingest.pace import SECOND

CHECKPOINT_EVERY = 5 * SECOND  # ns of the recording, and
CHECKPOINT_AFTER = 2.0  # seconds of work, whichever is first


class Recorder:
    """Keeps events in the parts, and makes them certain from time to time."""

    def __init__(
        self, writer: PartsWriter, progress: Progress, source: str, state: dict[str, Any] | None
    ) -> None:
        """`state` is that of the checkpoint to go on from. Raises ValueError where it is none."""
        self._writer = writer
        self._progress = progress
        self._rollup = Rollup.restored(source, state["rollup"].encode()) if state else Rollup(source)
        self._longest = state["longest"] if state else 0  # ns; stretch told so far
        self._certain = progress.position  # ns
        self._certain_at = time.monotonic()

    def add(self, events: list[Event], position: int) -> None:
        """The events of a few frames, the last of them at `position` (ns)."""
        for event in events:
            self._progress.count(event)
            self._writer.add("events", encode_stored(event))
            match event:
                case Reading():
                    self._keep("seconds", encode_seconds(self._rollup.add(event)))
                case Span() | Coverage():
                    self._longest = max(self._longest, event.ended - event.started)
                    self._keep("stretches", [encode_event(event)])
        self._progress.position = position

    def is_due(self) -> bool:
        """Whether so much was read that it would be a pity to read it again."""
        read = self._progress.position - self._certain
        return read >= CHECKPOINT_EVERY or time.monotonic() - self._certain_at >= CHECKPOINT_AFTER

    def checkpoint(self, state: ReaderState) -> None:
        self._commit(
            decoding=state.decoding.to_json(),
            pipeline=state.pipeline.decode(),
            rollup=self._rollup.state().decode(),
            facts=None,
        )
        self._progress.tell(certain=self._certain / SECOND)

    def conclude(self, facts: dict[str, Any]) -> Checkpoint:
        """Nothing more will be read."""
        self._keep("seconds", encode_seconds(self._rollup.flush()))
        return self._commit(facts=facts)

    def close(self) -> None:
        self._writer.close()

    def _keep(self, kind: str, entries: Iterable[TimelineEntry]) -> None:
        for entry in entries:
            self._writer.add(kind, entry.body + b"\n")

    def _commit(self, **state: Any) -> Checkpoint:
        progress = self._progress
        self._certain, self._certain_at = progress.position, time.monotonic()
        return self._writer.commit(
            {
                "position": progress.position,
                "faces": progress.faces,
                "readings": progress.readings,
                "elapsed": progress.elapsed,
                "longest": self._longest,
                **state,
            }
        )
