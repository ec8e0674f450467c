"""The engine of one shard: takes frames from Redis, steps the pipeline, and commits exactly once."""

import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

from engine.live.backlog import DEFAULT_LIMITS, Limits
from engine.live.counts import Counts
from engine.live.intake import Batch, Intake
from engine.live.states import SourceStates
from engine.pipeline import Pipeline
from engine.records import Event
from engine.wire import encode_event, encode_seconds, stamped
from ingest.bus.client import Redis
from ingest.bus.connection import REDIS_ERRORS
from ingest.bus.frame_stream import FrameStream
from ingest.bus.heartbeat import send_heartbeat, send_local_heartbeat
from ingest.bus.lease import Lease, LeaseLostError
from ingest.bus.source_config import configured_sources
from ingest.bus.timeline import Commit, Timeline, TimelineEntry

POLL_INTERVAL = 1.0  # seconds between two heartbeats, and two reads of the configured sources
RETRY_DELAY = 0.2  # seconds
QUIET_AFTER = 5.0  # seconds without a frame; ingest closes a connection after as many

log = logging.getLogger(__name__)


class Worker:
    """Reads the frames of one shard.

    One transaction writes results, the state of each source and the acknowledgement. When its outcome is
    unknown, all states are restored from Redis, and the frames that are not acknowledged are taken again:
    either the transaction was carried out and they are gone, or they are stepped from the old state. In a
    Redis Cluster they may come again although they are done; the state says which frames it covers. When the
    GPU is lost, the process ends, and the next one does the same with the frames of this one.

    No state covers the frames that wait for their batch.
    """

    def __init__(
        self,
        client: Redis,
        pipeline: Pipeline,
        shard: int = 0,
        limits: Limits = DEFAULT_LIMITS,
        *,
        quiet_after: float = QUIET_AFTER,
        lease: Lease | None = None,
    ) -> None:
        """`lease`: that of the shard, unless it is another one."""
        self._redis = client
        self._stream = FrameStream(client, shard)
        self._lease = lease or Lease(client, "engine", shard)
        self._timeline = Timeline(client, self._lease)
        self._pipeline = pipeline
        self._shard, self._part = shard, f"engine:{shard}"
        self._quiet_after = quiet_after
        self._counts = Counts()
        self._states = SourceStates(self._timeline, pipeline)
        self._intake = Intake(self._stream, pipeline, self._counts, limits)
        self._last_frame_at: dict[str, float] = {}  # seconds, monotonic; by source
        self._polled_at = -POLL_INTERVAL
        self.stopping = False

    def run(self, *, until_empty: bool = False) -> None:
        """Work until `stopping` is set, or until no frame is left."""
        recovering, last_error = True, ""
        while not self.stopping:
            try:
                if recovering:
                    self._lease.take()
                    self._recover()
                    recovering = False
                worked = self._turn()
            except (*REDIS_ERRORS, LeaseLostError) as error:
                if str(error) != last_error:  # logged once while it lasts
                    log.warning("%s", _sentence(error))
                recovering, last_error = True, str(error)
                self._report_waiting(error)
                time.sleep(RETRY_DELAY)
                continue
            last_error = ""
            if until_empty and not worked:
                return

    def close(self) -> None:
        """Leave the shard to the next engine at once."""
        with suppress(*REDIS_ERRORS):
            self._lease.release()

    def _turn(self) -> bool:
        """Take what is due, step, commit; return whether there are frames."""
        self._poll()
        if batch := self._intake.take_due():
            events = self._step(batch)
            self._commit(batch, events)
        return batch is not None or not self._intake.is_empty

    def _recover(self) -> None:
        """Restore the last commit; step and commit the frames that were taken and not acknowledged."""
        self._stream.join()
        for source in self._pipeline.sources():
            self._states.forget(source)
        for batch in self._intake.take_pending(self._states):
            self._commit(batch, self._step(batch))
        self._states.restore(self._configured())  # a source without frames may have open tracks

    def _step(self, batch: Batch) -> list[list[Event]]:
        frames = [each.queued.frame for each in batch.frames]
        self._states.restore({frame.source for frame in frames})
        return self._pipeline.step(frames, [each.faces for each in batch.frames])

    def _commit(self, batch: Batch, events: Sequence[Sequence[Event]]) -> None:
        now = datetime.now(UTC)
        entries: list[TimelineEntry] = []
        for each, caused in zip(batch.frames, events, strict=True):
            results = [stamped(event, now) for event in caused]
            self._counts.add(results)
            seconds = self._states.add(each.queued.frame, each.queued.entry, results)
            entries += [*map(encode_event, results), *encode_seconds(seconds)]
        sources = {each.queued.frame.source for each in batch.frames}
        self._last_frame_at |= dict.fromkeys(sources, time.monotonic())
        states = self._states.encode(sources)
        self._timeline.commit(Commit(self._shard, batch.entries, entries, states, self._counts.take()))
        self._intake.record_duration(batch)

    def _poll(self) -> None:
        if time.monotonic() - self._polled_at >= POLL_INTERVAL:
            self._polled_at = time.monotonic()
            self._lease.take()
            send_heartbeat(self._redis, self._part, self._pipeline.status)
            self._forget_removed()
            self._pause_quiet()

    def _report_waiting(self, error: Exception) -> None:
        """Send the supervisor a sign of life while another engine reads the shard."""
        if isinstance(error, LeaseLostError):
            with suppress(*REDIS_ERRORS):
                send_local_heartbeat(self._redis, self._part)

    def _forget_removed(self) -> None:
        """Forget removed sources, so that a new source of the same name starts without a state."""
        configured = self._configured()
        for source in self._pipeline.sources():
            if source not in configured:
                self._states.forget(source)
                self._last_frame_at.pop(source, None)

    def _configured(self) -> set[str]:
        """Return the configured sources of this shard."""
        return {id for id, config in configured_sources(self._redis).items() if config.shard == self._shard}

    def _pause_quiet(self) -> None:
        """End the open tracks and spans of sources that send no frames."""
        now, seen = time.monotonic(), self._last_frame_at
        sources = self._pipeline.sources()
        quiet = [source for source in sources if now - seen.setdefault(source, now) >= self._quiet_after]
        events = [event for source in quiet for event in self._pipeline.pause(source)]
        self._counts.add(events)
        entries = [encode_event(event) for event in events]
        for source in quiet:
            entries += encode_seconds(self._states.rollup(source).flush())
        if entries:
            states, counts = self._states.encode(quiet), self._counts.take()
            self._timeline.commit(Commit(self._shard, entries=entries, states=states, counts=counts))


def _sentence(error: Exception) -> str:
    lost = isinstance(error, LeaseLostError)
    return str(error) if lost else f"redis: {error}; continuing from the last commit"
