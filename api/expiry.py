"""Deletion of old entries of Redis streams, whatever the server's clock did.

An ID is the time of its entry, but never below the ID before it: if the clock is set back, all entries get
IDs ahead of it until it catches up. So the ends of the streams are marked regularly, by the monotonic clock:
what lies before a mark is at least as old as the mark. A new process begins with the marks in Redis.
"""

from collections.abc import Mapping

from api.stream.messages import position
from ingest.bus.client import AsyncRedis
from ingest.bus.keys import AHEAD, marks_key
from ingest.bus.timeline import oldest_id

MARKS = 16  # in the retention time, by a sixteenth of which an entry may outlive it
MIN_AHEAD = 1000  # ms

Marks = dict[str, float]  # IDs, and the monotonic times (seconds) at which they were the last ones


class Expiry:
    """Marks of all streams that one process trims."""

    def __init__(self, client: AsyncRedis) -> None:
        self._redis = client
        self._marks: dict[str, Marks] = {}

    async def trim(self, key: str, max_age: float, now: float) -> None:
        """Delete the entries that are older than `max_age` seconds. Raises redis-py's errors.

        `now`: seconds, monotonic.
        """
        wall = await self._redis.time()
        await self._redis.xtrim(key, minid=oldest_id(wall, max_age), approximate=False)
        newest = await self._redis.xrevrange(key, count=1)
        if not newest:
            return
        last = newest[0][0].decode()
        await self._note_ahead(key, position(last)[0], wall[0] * 1000)
        marks = await self._known_marks(key, wall[0], now)
        for id in [id for id in marks if position(id) > position(last)]:  # of a deleted stream of this name
            del marks[id]
        if last not in marks and now - max(marks.values(), default=now - max_age) >= max_age / MARKS:
            marks[last] = now
            await self._redis.zadd(marks_key(key), {last: wall[0]})
        if old := expired(marks, now - max_age):
            await self._delete(key, marks, old)

    async def _known_marks(self, key: str, wall: float, now: float) -> Marks:
        """Return the marks of this process, at first those of others; none is in the future."""
        if key not in self._marks:
            stored = await self._redis.zrange(marks_key(key), 0, -1, withscores=True)
            self._marks[key] = {id.decode(): now - max(0.0, wall - at) for id, at in stored}
        return self._marks[key]

    async def _delete(self, key: str, marks: Marks, old: list[str]) -> None:
        """Delete all entries up to the newest of the old marks, and these marks."""
        milliseconds, sequence = max(map(position, old))
        await self._redis.xtrim(key, minid=f"{milliseconds}-{sequence + 1}", approximate=False)
        await self._redis.zrem(marks_key(key), *old)
        for id in old:
            del marks[id]

    async def _note_ahead(self, key: str, last: int, wall: int) -> None:
        """Note a stream whose last entry is ahead of the clock, for /readyz; times are ms."""
        if last - wall > MIN_AHEAD:
            await self._redis.zadd(AHEAD, {key: last})


def expired(marks: Mapping[str, float], oldest: float) -> list[str]:
    """Return the IDs that were marked at `oldest` or before."""
    return [id for id, at in marks.items() if at <= oldest]
