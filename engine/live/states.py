"""Encodes the states of the sources for each commit, and restores them from the last one."""

import logging
from collections.abc import Iterable, Sequence

from engine.live.rollup import Rollup
from engine.pipeline import BadStateError, Pipeline
from engine.records import Event, Reading, Second
from ingest.bus.timeline import Timeline
from ingest.frame import Frame

log = logging.getLogger(__name__)


class SourceStates:
    """States of each source's pipeline and rollup, and the newest frame that they cover."""

    def __init__(self, timeline: Timeline, pipeline: Pipeline) -> None:
        self._timeline = timeline
        self._pipeline = pipeline
        self._rollups: dict[str, Rollup] = {}
        self._newest: dict[str, bytes] = {}  # entries of the frame stream

    def restore(self, sources: Iterable[str]) -> None:
        """Restore those of the sources that have no state yet from their last commit."""
        missing = sorted(set(sources).difference(self._pipeline.sources()))
        for source, state in self._timeline.engine_states(missing).items():
            try:
                pipeline, rollup, newest, *_ = [*state.split(b"\n"), b"", b""]
                self._pipeline.restore(source, pipeline)
                self._rollups[source] = Rollup.restored(source, rollup)
                self._newest[source] = newest
            except (BadStateError, ValueError) as error:
                # After an update of the service, the source starts again with new tracks.
                log.warning("%s", error)

    def encode(self, sources: Iterable[str]) -> dict[str, bytes]:
        """Return each source's state in three lines: pipeline, rollup, newest frame."""
        states = {}
        for source in sources:
            lines = self._pipeline.state(source), self.rollup(source).state(), self._newest.get(source, b"")
            states[source] = b"\n".join(lines)
        return states

    def forget(self, source: str) -> None:
        self._pipeline.forget(source)
        self._rollups.pop(source, None)
        self._newest.pop(source, None)

    def rollup(self, source: str) -> Rollup:
        return self._rollups.setdefault(source, Rollup(source))

    def add(self, frame: Frame, entry: bytes, events: Sequence[Event]) -> list[Second]:
        """Add a frame and its events; return the seconds that it ends."""
        self._newest[frame.source] = entry
        rollup = self.rollup(frame.source)
        seconds = rollup.until(frame.media_time)
        for event in events:
            if isinstance(event, Reading):
                seconds += rollup.add(event)
        return seconds

    def covers(self, source: str, entry: bytes) -> bool:
        """Return whether the state includes this frame."""
        return _order(entry) <= _order(self._newest.get(source, b""))


def _order(id: bytes) -> tuple[int, ...]:
    """Return the sort key of a stream's ID; that of no ID comes first."""
    return tuple(map(int, id.split(b"-"))) if id else ()
