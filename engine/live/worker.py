"""Frames from the bus through the pipeline, events back to the bus: exactly once."""

import logging
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from engine.live.backlog import Pace, QueuedFrame, drop_stale, share_capacity
from engine.live.batching import Batch, Batcher, DetectedFrame
from engine.live.counts import Counts
from engine.live.rollup import Rollup
from engine.pipeline import BadStateError, Pipeline
from engine.records import Event, Reading
from engine.tensors import CROP_BATCH
from engine.wire import encode_event, encode_seconds, stamped
from ingest.bus.client import Fields, Redis
from ingest.bus.connection import REDIS_ERRORS
from ingest.bus.frame_stream import FrameStream
from ingest.bus.heartbeat import send_heartbeat
from ingest.bus.source_config import configured_sources
from ingest.bus.timeline import Commit, Timeline, TimelineEntry
from ingest.bus.wire import BadFrameError, decode_frame
from ingest.frame import Frame

TAKES = 32  # frames at most in one turn
HOLDS = (
    CROP_BATCH  # frames at most that wait to be read with others: so many fill a batch, whatever is in them
)
WAITS = 0.5  # seconds for the first frame of a turn; also how soon a stop is noticed
LOOKS_EVERY = 1.0  # seconds between two looks at what is configured, and between signs of life
QUIET_AFTER = 5.0  # seconds without a frame: as long as ingest waits before it gives a connection up

log = logging.getLogger(__name__)


class Worker:
    """The engine of one shard.

    Results, the state of each source and the acknowledgement go into one transaction. When it is unknown
    whether that was carried out, everything is read anew from the bus: either the frames are still to be
    done, from the old state, or they are done. In a Redis Cluster they may be done and come again all the
    same: the state says up to which entry. So it is when the GPU is lost, which ends the process: the next
    one is given again what this one had taken.

    Frames wait up to `delay` seconds for those of other cameras. Until a batch takes them, what the pipeline
    knows of their sources is without them, as the last commit is.
    """

    def __init__(
        self,
        client: Redis,
        pipeline: Pipeline,
        shard: int = 0,
        *,
        delay: float = 0.0,
        quiet_after: float = QUIET_AFTER,
    ) -> None:
        self._redis = client
        self._frames = FrameStream(client, shard)
        self._timeline = Timeline(client)
        self._pipeline = pipeline
        self._shard = shard
        self._delay = delay
        self._quiet_after = quiet_after
        self._batcher = Batcher(delay)
        self._passed: list[bytes] = []  # entries that are done with unread
        self._pace = Pace()
        self._spent = 0.0  # seconds that it took to find the faces of frames that wait
        self._rollups: dict[str, Rollup] = {}
        self._read_to: dict[str, bytes] = {}  # the newest entry that the state of each source speaks of
        self._heard: dict[str, float] = {}  # when each source's newest frame came; seconds, monotonic
        self._counts = Counts()
        self._lost = 0  # frames left out since the last word about it
        self._told_at = 0.0
        self._looked_at = -LOOKS_EVERY
        self.stopping = False

    def run(self, *, until_empty: bool = False) -> None:
        """Works until `stopping` is set, or until there is nothing more to do."""
        resuming, told = True, ""
        while not self.stopping:
            try:
                if resuming:
                    self._resume()
                    resuming = False
                worked = self._turn()
            except REDIS_ERRORS as error:
                if str(error) != told:  # once, however long it lasts
                    log.warning("redis: %s; going on from the last commit", error)
                resuming, told = True, str(error)
                time.sleep(0.2)
                continue
            told = ""
            if until_empty and not worked:
                return

    def _resume(self) -> None:
        """Forgets what may not have been committed, and does what was taken but not acknowledged."""
        self._frames.join()
        for source in self._pipeline.sources():
            self._forget(source)
        self._batcher, self._passed = Batcher(self._delay), []
        while taken := self._frames.take(TAKES, 0, pending=True):
            self._gather(self._undone(taken))
            while self._passed or self._batcher:
                self._work(self._batcher.take(time.monotonic()))
        self._restore(self._ours())  # one that gives no frame now may have something open

    def _undone(self, taken: Sequence[tuple[bytes, Fields]]) -> list[tuple[bytes, Fields]]:
        """Of frames that come again those that no state speaks of; the others are done with."""
        sources = {id: fields[b"source"].decode() for id, fields in taken if b"source" in fields}
        self._restore(set(sources.values()))
        read_to = {source: _order(id) for source, id in self._read_to.items()}
        done = {id for id, source in sources.items() if _order(id) <= read_to.get(source, ())}
        self._passed += done
        return [(id, fields) for id, fields in taken if id not in done]

    def _turn(self) -> bool:
        if time.monotonic() - self._looked_at >= LOOKS_EVERY:
            self._looked_at = time.monotonic()
            send_heartbeat(self._redis, f"engine:{self._shard}", self._pipeline.status)
            self._forget_removed()
            self._end_quiet()
        if room := HOLDS - len(self._batcher):
            due_in = self._batcher.due_in(time.monotonic())
            self._gather(self._take(room, WAITS if due_in is None else min(WAITS, due_in)))
        if not (self._batcher or self._passed):
            return False
        if not self._batcher.due_in(time.monotonic()):
            self._work(self._batcher.take(time.monotonic()))
        return True

    def _take(self, most: int, wait: float) -> list[tuple[bytes, Fields]]:
        """All frames that are there, up to `most`: what to leave out can be told only with all in view."""
        taken: list[tuple[bytes, Fields]] = []
        while len(taken) < most:
            asked = min(TAKES, most - len(taken))
            newest = self._frames.take(asked, 0 if taken else wait)
            taken += newest
            if len(newest) < asked:
                break
        return taken

    def _forget_removed(self) -> None:
        """A source that is added under the name of a removed one must find nothing of it."""
        ours = self._ours()
        for source in self._pipeline.sources():
            if source not in ours:
                self._forget(source)
                self._heard.pop(source, None)

    def _ours(self) -> set[str]:
        """The configured sources of this shard: other engines write of the others."""
        return {id for id, config in configured_sources(self._redis).items() if config.shard == self._shard}

    def _forget(self, source: str) -> None:
        self._pipeline.forget(source)
        self._rollups.pop(source, None)
        self._read_to.pop(source, None)

    def _end_quiet(self) -> None:
        """A source that is away, or at its end, keeps no face and no span open."""
        now = time.monotonic()
        known = self._pipeline.sources()
        quiet = [source for source in known if now - self._heard.setdefault(source, now) >= self._quiet_after]
        events = [event for source in quiet for event in self._pipeline.pause(source)]
        self._counts.add(events)
        entries = [encode_event(event) for event in events]
        entries += [entry for source in quiet for entry in encode_seconds(self._rollup(source).flush())]
        if entries:
            states, counts = self._states(quiet), self._counts.take()
            self._timeline.commit(Commit(self._shard, entries=entries, states=states, counts=counts))

    def _gather(self, taken: Sequence[tuple[bytes, Fields]]) -> None:
        """Finds the faces of frames that are worth it, and of no more than can be read in time."""
        began = time.monotonic()
        arrived = _decode(taken)
        kept = share_capacity(drop_stale(arrived, began), self._pace.room(HOLDS))
        worth = {each.entry for each in kept}
        self._count(each.frame.source for each in arrived if each.entry not in worth)
        self._passed += [id for id, _ in taken if id not in worth]
        faces = self._pipeline.detect([each.frame for each in kept])
        self._batcher.add(map(DetectedFrame, kept, faces))
        self._spent += time.monotonic() - began

    def _work(self, batch: Batch) -> None:
        began = time.monotonic()
        self._count(each.frame.source for each in batch.stale)
        kept = [found.arrived.frame for found in batch.taken]
        self._restore({frame.source for frame in kept})
        events = self._pipeline.step(kept, [found.faces for found in batch.taken])
        now = datetime.now(UTC)
        entries: list[TimelineEntry] = []
        for frame, caused in zip(kept, events, strict=True):
            told = [stamped(event, now) for event in caused]
            self._counts.add(told)
            entries += [*map(encode_event, told), *self._roll_up(frame, told)]
        self._read_to |= {found.arrived.frame.source: found.arrived.entry for found in batch.taken}
        sources = {frame.source for frame in kept}
        self._heard |= dict.fromkeys(sources, time.monotonic())
        read = [found.arrived.entry for found in batch.taken]
        done = [*self._passed, *(each.entry for each in batch.stale), *read]
        states, counts = self._states(sources), self._counts.take()
        self._timeline.commit(Commit(self._shard, done, entries, states, counts))
        self._passed = []
        self._pace.note(len(kept), self._spent + time.monotonic() - began)
        self._spent = 0.0

    def _roll_up(self, frame: Frame, caused: Sequence[Event]) -> list[TimelineEntry]:
        rollup = self._rollup(frame.source)
        over = rollup.until(frame.media_time)
        for event in caused:
            if isinstance(event, Reading):
                over += rollup.add(event)
        return encode_seconds(over)

    def _rollup(self, source: str) -> Rollup:
        return self._rollups.setdefault(source, Rollup(source))

    def _states(self, sources: Iterable[str]) -> dict[str, bytes]:
        """What the pipeline and the rollup remember of each source, and up to which entry, in a line each."""
        return {source: b"\n".join(self._state(source)) for source in sources}

    def _state(self, source: str) -> Sequence[bytes]:
        read_to = self._read_to.get(source, b"")
        return self._pipeline.state(source), self._rollup(source).state(), read_to

    def _restore(self, sources: Iterable[str]) -> None:
        unknown = sorted(source for source in sources if not self._pipeline.has_state(source))
        for source, state in self._timeline.engine_states(unknown).items():
            try:
                pipeline, rollup, read_to, *_ = [*state.split(b"\n"), b"", b""]
                self._pipeline.restore(source, pipeline)
                self._rollups[source] = Rollup.restored(source, rollup)
                self._read_to[source] = read_to
            except (BadStateError, ValueError) as error:
                # An update of the service must not stop it: tracks, and the second, start anew.
                log.warning("%s", error)

    def _count(self, sources: Iterable[str]) -> None:
        """Says once a second how many frames were too old to read; the timeline's coverage says it too."""
        lost = Counter(sources)
        for source, frames in lost.items():
            self._counts.skip(source, frames)
        self._lost += lost.total()
        if self._lost and time.monotonic() - self._told_at >= 1.0:
            log.warning("engine is slow: %d frames skipped", self._lost)
            self._lost, self._told_at = 0, time.monotonic()


def _decode(taken: Sequence[tuple[bytes, Fields]]) -> list[QueuedFrame]:
    """Frames, with when they came in seconds of our monotonic clock: never later than now."""
    arrived: list[QueuedFrame] = []
    since_epoch = time.time() - time.monotonic()
    for id, fields in taken:
        if not fields:  # trimmed before it could be read: its number is missing, and so counted
            continue
        try:
            at = min(time.monotonic(), _milliseconds(id) / 1000 - since_epoch)
            arrived.append(QueuedFrame(id, decode_frame(fields), at))
        except BadFrameError as error:
            log.warning("entry %s: %s", id.decode(), error)
    return arrived


def _order(id: bytes) -> tuple[int, ...]:
    """What the IDs of a stream are ordered by; an empty one comes first."""
    return tuple(map(int, id.split(b"-"))) if id else ()


def _milliseconds(id: bytes) -> int:
    """When the server took the entry in: the first half of its ID."""
    return int(id.split(b"-")[0])
