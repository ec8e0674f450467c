"""Takes frames from Redis, skips those that cannot be read in time, and detects the faces of the rest."""

import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from engine.live.backlog import Capacity, Limits, QueuedFrame, drop_stale, share_capacity
from engine.live.batching import Batcher, DetectedFrame
from engine.live.counts import Counts
from engine.live.states import SourceStates
from engine.pipeline import Pipeline
from engine.tensors import CROP_BATCH
from ingest.bus.client import Fields
from ingest.bus.frame_stream import FrameStream
from ingest.bus.wire import BadFrameError, decode_frame

MAX_FRAMES_PER_READ = 32  # from Redis, in one command
MAX_WAITING = CROP_BATCH  # frames in the batcher: so many fill a batch, even without faces
READ_TIMEOUT = 0.5  # seconds; also how soon a stop is noticed
LOG_INTERVAL = 1.0  # seconds between two warnings about skipped frames

log = logging.getLogger(__name__)

Entry = tuple[bytes, Fields]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Frames to step and commit now."""

    frames: list[DetectedFrame]
    entries: list[bytes]  # to acknowledge: of these frames, and of those that were skipped before them
    taken_at: float  # seconds, monotonic


class Intake:
    """Frames of one shard, from Redis to the next batch."""

    def __init__(self, stream: FrameStream, pipeline: Pipeline, counts: Counts, limits: Limits) -> None:
        self._stream = stream
        self._pipeline = pipeline
        self._counts = counts
        self._limits = limits
        self._batcher = Batcher(limits)
        self._skipped: list[bytes] = []  # entries to acknowledge unread
        self._capacity = Capacity(limits.turn_time)
        self._detection_time = 0.0  # seconds, of the frames in the batcher
        self._unlogged = 0  # skipped frames since the last warning
        self._logged_at = 0.0

    @property
    def is_empty(self) -> bool:
        return not (self._batcher or self._skipped)

    def take_due(self) -> Batch | None:
        """Add the frames that have arrived; return a batch if one is due."""
        if room := MAX_WAITING - len(self._batcher):
            due_in = self._batcher.due_in(time.monotonic())
            self._add(self._read(room, READ_TIMEOUT if due_in is None else min(READ_TIMEOUT, due_in)))
        if self.is_empty or self._batcher.due_in(time.monotonic()):
            return None
        return self._next_batch()

    def take_pending(self, states: SourceStates) -> Iterator[Batch]:
        """Forget all frames; take those again that were not acknowledged, and yield them in batches."""
        self._batcher, self._skipped = Batcher(self._limits), []
        while entries := self._stream.take(MAX_FRAMES_PER_READ, 0, pending=True):
            self._add(self._skip_covered(entries, states))
            while not self.is_empty:
                yield self._next_batch()

    def record_duration(self, batch: Batch) -> None:
        """Record a committed batch, from which the capacity is estimated."""
        self._capacity.record(len(batch.frames), self._detection_time + time.monotonic() - batch.taken_at)
        self._detection_time = 0.0

    def _read(self, limit: int, timeout: float) -> list[Entry]:
        """Take all frames there are, up to `limit`, since `share_capacity` chooses among all of them."""
        entries: list[Entry] = []
        while len(entries) < limit:
            count = min(MAX_FRAMES_PER_READ, limit - len(entries))
            newest = self._stream.take(count, 0 if entries else timeout)
            entries += newest
            if len(newest) < count:
                break
        return entries

    def _skip_covered(self, entries: Sequence[Entry], states: SourceStates) -> list[Entry]:
        """Skip frames that a committed state covers: in a cluster they may come again."""
        sources = {id: fields[b"source"].decode() for id, fields in entries if b"source" in fields}
        states.restore(set(sources.values()))
        covered = {id for id, source in sources.items() if states.covers(source, id)}
        self._skipped += covered
        return [(id, fields) for id, fields in entries if id not in covered]

    def _add(self, entries: Sequence[Entry]) -> None:
        """Choose the frames to read, detect their faces, and add them to the batcher."""
        began = time.monotonic()
        queued = _decode(entries)
        recent = drop_stale(queued, began, self._limits.stale_after)
        chosen = share_capacity(recent, self._capacity.frames(MAX_WAITING))
        chosen_ids = {each.entry for each in chosen}
        self._count_skipped(each.frame.source for each in queued if each.entry not in chosen_ids)
        self._skipped += [id for id, _ in entries if id not in chosen_ids]
        faces = self._pipeline.detect([each.frame for each in chosen])
        self._batcher.add(map(DetectedFrame, chosen, faces))
        self._detection_time += time.monotonic() - began

    def _next_batch(self) -> Batch:
        now = time.monotonic()
        stale, frames = self._batcher.take_stale(now), self._batcher.take()
        self._count_skipped(each.frame.source for each in stale)
        entries = [each.entry for each in (*stale, *(frame.queued for frame in frames))]
        skipped, self._skipped = self._skipped, []
        return Batch(frames, skipped + entries, now)

    def _count_skipped(self, sources: Iterable[str]) -> None:
        """Count frames that are too old to be read, and log their number once a second."""
        skipped = Counter(sources)
        for source, frames in skipped.items():
            self._counts.skip(source, frames)
        self._unlogged += skipped.total()
        if self._unlogged and time.monotonic() - self._logged_at >= LOG_INTERVAL:
            log.warning("engine is slow: %d frames skipped", self._unlogged)
            self._unlogged, self._logged_at = 0, time.monotonic()


def _decode(entries: Sequence[Entry]) -> list[QueuedFrame]:
    """Decode frames, with the monotonic time of their arrival in Redis, which is never in the future."""
    queued: list[QueuedFrame] = []
    since_epoch = time.time() - time.monotonic()
    for id, fields in entries:
        if not fields:  # trimmed before it was read: the gap in the numbers counts it
            continue
        try:
            added_at = int(id.split(b"-")[0]) / 1000  # by the server's clock
            at = min(time.monotonic(), added_at - since_epoch)
            queued.append(QueuedFrame(id, decode_frame(fields), at))
        except BadFrameError as error:
            log.warning("entry %s: %s", id.decode(), error)
    return queued
