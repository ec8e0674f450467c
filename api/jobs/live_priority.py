"""Whether live sources need the machine for themselves: jobs wait then, but not for ever."""

import time
from collections.abc import Callable
from typing import Any

from ingest.bus.keys import SOURCES, dropped_key, frames_key

LATE = 0.2  # seconds that the oldest frame may wait for the engine; live is to be at most 0.3 s behind
QUIET = 2.0  # seconds that jobs wait after the last sign of need
# Where live sources ask for more than the machine can do, need never ends: jobs have a tenth of the time.
WAITS, WORKS = 9.0, 1.0  # seconds

# The age of the oldest frame on its way, in ms: read on the server, since frames are large.
AGE = """
local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
if not oldest then return 0 end
local now = redis.call('TIME')
return now[1] * 1000 + math.floor(now[2] / 1000) - string.match(oldest[1], '^%d+')
"""


class LivePriority:
    """Looks at what is lost and late of the live sources."""

    def __init__(self, client: Any, shards: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = client
        self._frames = [frames_key(shard) for shard in range(shards)]
        self._clock = clock
        self._age = client.register_script(AGE)
        self._dropped: dict[bytes, int] = {}  # source to frames
        self._since = 0.0  # when the need began; seconds
        self._until = 0.0

    def is_taken(self) -> bool:
        """Whether jobs must wait now. Raises what redis-py raises."""
        now = self._clock()
        if self._loses_frames() or any(self._age(keys=[frames]) > LATE * 1000 for frames in self._frames):
            if now >= self._until:
                self._since = now
            self._until = now + QUIET
        return now < self._until and (now - self._since) % (WAITS + WORKS) < WAITS

    def is_needed(self) -> bool:
        """Whether live sources needed the machine at the last look, whoever has it."""
        return self._clock() < self._until

    def _loses_frames(self) -> bool:
        sources = self._redis.hkeys(SOURCES)
        with self._redis.pipeline(transaction=False) as commands:
            for source in sources:
                commands.get(dropped_key(source.decode()))
            counts = commands.execute()
        now = {source: int(count or 0) for source, count in zip(sources, counts, strict=True)}
        before, self._dropped = self._dropped, now
        return any(count > before.get(source, count) for source, count in now.items())
