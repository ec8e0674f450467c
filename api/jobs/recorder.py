"""Writes the events of a recording to its event log, with checkpoints."""

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from api.jobs.checkpoint import Checkpoint
from api.jobs.event_log import EVENTS, INTERVALS, SECONDS, EventLogWriter
from api.jobs.progress import Progress
from engine.live.rollup import Rollup
from engine.recording import ReaderState
from engine.records import Coverage, Event, Reading, Span
from engine.stored import encode_stored
from engine.wire import encode_event, encode_seconds
from ingest.bus.timeline import TimelineEntry
from ingest.pace import SECOND

# A checkpoint is due after whichever comes first, so that a restart repeats little work.
CHECKPOINT_INTERVAL = 5 * SECOND  # ns of the recording
CHECKPOINT_TIME = 2.0  # seconds of work


class Recorder:
    """Logs events, and commits them at each checkpoint."""

    def __init__(
        self, writer: EventLogWriter, progress: Progress, source: str, state: dict[str, Any] | None
    ) -> None:
        """`state` comes from the checkpoint to resume from. Raises ValueError for a bad one."""
        self._writer = writer
        self._progress = progress
        self._rollup = Rollup.restored(source, state["rollup"].encode()) if state else Rollup(source)
        self._longest = state["longest"] if state else 0  # ns; the longest span or coverage so far
        self._committed = progress.position  # ns
        self._committed_at = time.monotonic()

    def add(self, events: list[Event], position: int) -> None:
        """Log the events of a few frames, the last of them at `position` (ns)."""
        for event in events:
            self._progress.count(event)
            self._writer.add(EVENTS, encode_stored(event))
            match event:
                case Reading():  # the overview of a recording counts media time
                    self._log(SECONDS, encode_seconds(self._rollup.add(replace(event, captured_at=None))))
                case Span() | Coverage():
                    self._longest = max(self._longest, event.ended - event.started)
                    self._log(INTERVALS, [encode_event(event)])
        self._progress.position = position

    def checkpoint_is_due(self) -> bool:
        read = self._progress.position - self._committed
        return read >= CHECKPOINT_INTERVAL or time.monotonic() - self._committed_at >= CHECKPOINT_TIME

    def checkpoint(self, state: ReaderState) -> None:
        self._commit(
            decoding=state.decoding.to_json(),
            pipeline=state.pipeline.decode(),
            rollup=self._rollup.state().decode(),
            facts=None,
        )
        self._progress.report(certain=self._committed / SECOND)

    def finish(self, facts: dict[str, Any]) -> Checkpoint:
        """Write the last checkpoint: the recording has been read to its end."""
        self._log(SECONDS, encode_seconds(self._rollup.flush()))
        return self._commit(facts=facts)

    def close(self) -> None:
        self._writer.close()

    def _log(self, log: str, entries: Iterable[TimelineEntry]) -> None:
        for entry in entries:
            self._writer.add(log, entry.body + b"\n")

    def _commit(self, **state: Any) -> Checkpoint:
        progress = self._progress
        self._committed, self._committed_at = progress.position, time.monotonic()
        counts = {"position": progress.position, "faces": progress.faces, "readings": progress.readings}
        totals = counts | {"elapsed": progress.elapsed, "longest": self._longest}
        return self._writer.commit(totals | state)
