"""The stream of frames from ingest to the engine of one shard.

A Redis stream with one consumer group and one consumer: an engine that restarts gets the frames again that
it had taken and not acknowledged. Under load the oldest frames are dropped; gaps in their numbers show it.
"""

import math
import time
from collections.abc import Mapping, Sequence

from ingest.bus.client import Commands, Fields, Redis, Value
from ingest.bus.connection import REDIS_ERRORS, entries_of
from ingest.bus.keys import SOURCES, frames_key, lease_key, position_key
from ingest.bus.lease import LeaseLostError
from ingest.settings import IngestSettings

GROUP = "engine"  # the consumer group of each shard, and its only consumer
MIN_FRAMES = 64  # entries of a shard: a few seconds of a few cameras
FRAMES_PER_SOURCE = 8  # entries for each camera of a shard that has many
COUNT_INTERVAL = 5.0  # seconds between two counts of the sources

# The script keeps pixels out of the append-only file: no image of a face is written to a disk.
PUSH_FRAME = """
local holder = redis.call('GET', KEYS[2])
if holder and ARGV[1] ~= '' and holder ~= ARGV[1] then return holder end
redis.set_repl(redis.REPL_NONE)
redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[2], '*', unpack(ARGV, 3))
"""


class FrameStream:
    """Frames of one shard. Each process, and each thread, has its own."""

    def __init__(self, client: Redis, shard: int = 0, holder: str = "") -> None:
        """`holder`: the ingest that must hold the lease of the shard, if any.

        Raise SettingError if MIEN_SHARDS is invalid.
        """
        self._holder = holder
        self.shard = shard
        self._redis = client
        self._shards = IngestSettings.read("shards").shards
        self._max_frames = MIN_FRAMES
        self._counted_at = -COUNT_INTERVAL

    def push(self, fields: Mapping[str, Value]) -> None:
        """Add a frame and drop the oldest ones of the shard: see `_capacity`.

        Raise LeaseLostError if another ingest reads the shard.
        """
        parts = [part for field in fields.items() for part in field]
        keys = frames_key(self.shard), lease_key("ingest", self.shard)
        if self._redis.eval(PUSH_FRAME, len(keys), *keys, self._holder, self._capacity(), *parts):
            raise LeaseLostError("another ingest reads the source; its frame is dropped")
        self._redis.set(position_key(str(fields["source"])), fields["media_time"])

    def position(self, source: str) -> int:
        """Return the media time of the source's newest frame in ns; 0 if there was none."""
        return int(self._redis.get(position_key(source)) or 0)

    def join(self) -> None:
        """Create the consumer group if it does not exist."""
        try:
            self._redis.xgroup_create(frames_key(self.shard), GROUP, id="0", mkstream=True)
        except REDIS_ERRORS as error:
            if "BUSYGROUP" not in str(error):
                raise

    def take(self, count: int, timeout: float, *, pending: bool = False) -> list[tuple[bytes, Fields]]:
        """Take up to `count` frames; wait up to `timeout` seconds for the first.

        With `pending`, return frames that were taken before and not acknowledged, without waiting. A frame
        that was dropped in the meantime has no fields.
        """
        reply = self._redis.xreadgroup(
            GROUP,
            GROUP,
            {frames_key(self.shard): "0" if pending else ">"},
            count=count,
            block=None if pending or not timeout else max(1, int(timeout * 1000)),
        )
        return [(id, fields or {}) for id, fields in entries_of(reply)]

    def _capacity(self) -> int:
        """Return how many frames stay: MIN_FRAMES, or FRAMES_PER_SOURCE for each camera if that is more.

        Cameras are taken to be spread evenly over the shards. At ten frames a second the second number
        covers most of a second, after which the engine skips a frame as stale.
        """
        if time.monotonic() - self._counted_at >= COUNT_INTERVAL:
            sources = self._redis.hlen(SOURCES)
            self._max_frames = max(MIN_FRAMES, math.ceil(FRAMES_PER_SOURCE / self._shards * sources))
            self._counted_at = time.monotonic()
        return self._max_frames


def acknowledge(commands: Commands, shard: int, ids: Sequence[bytes]) -> None:
    """Add to a pipeline that frames of a shard are done; they are deleted."""
    if ids:
        commands.xack(frames_key(shard), GROUP, *ids)
        commands.xdel(frames_key(shard), *ids)
