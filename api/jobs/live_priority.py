"""Gives live sources priority over recordings: jobs pause while live frames are late or dropped."""

import time
from collections.abc import Callable

from ingest.bus.client import Redis
from ingest.bus.keys import SOURCES, dropped_key, frames_key

MAX_AGE = 0.2  # seconds of the oldest frame that waits for the engine; live lags by 0.3 s at most
COOLDOWN = 2.0  # seconds that jobs stay paused after the last late or dropped frame
# Live sources may constantly need more than the machine can do: jobs then get a tenth of the time.
PAUSE, TURN = 9.0, 1.0  # seconds

# The age of the oldest frame in a stream, in ms: computed on the server, since frames are large.
AGE = """
local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
if not oldest then return 0 end
local now = redis.call('TIME')
return now[1] * 1000 + math.floor(now[2] / 1000) - string.match(oldest[1], '^%d+')
"""


class LivePriority:
    """Watches the frames of live sources. `must_pause` raises what redis-py raises."""

    def __init__(self, client: Redis, shards: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = client
        self._frames = [frames_key(shard) for shard in range(shards)]
        self._clock = clock
        self._age = client.register_script(AGE)
        self._dropped: dict[bytes, int] = {}  # source to frames
        self._overloaded_since = 0.0  # seconds
        self._overloaded_until = 0.0

    def must_pause(self) -> bool:
        """Check the live frames; return whether jobs must pause now."""
        now = self._clock()
        if self._drops_frames() or any(self._age(keys=[frames]) > MAX_AGE * 1000 for frames in self._frames):
            if now >= self._overloaded_until:
                self._overloaded_since = now
            self._overloaded_until = now + COOLDOWN
        phase = (now - self._overloaded_since) % (PAUSE + TURN)
        return now < self._overloaded_until and phase < PAUSE

    def is_overloaded(self) -> bool:
        """Return whether live sources needed the machine at the last check, also during a job's turn."""
        return self._clock() < self._overloaded_until

    def _drops_frames(self) -> bool:
        sources = self._redis.hkeys(SOURCES)
        with self._redis.pipeline(transaction=False) as commands:
            for source in sources:
                commands.get(dropped_key(source.decode()))
            counts = commands.execute()
        now = {source: int(count or 0) for source, count in zip(sources, counts, strict=True)}
        before, self._dropped = self._dropped, now
        return any(count > before.get(source, count) for source, count in now.items())
