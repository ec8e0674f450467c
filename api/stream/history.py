"""Stored entries of a source's timeline, in pages."""

from collections.abc import AsyncIterator

from api.stream.messages import BadCursorError, cursor_at, now, position
from ingest.bus.client import AsyncRedis
from ingest.bus.keys import timeline_key
from ingest.settings import retention

Entry = tuple[str, bytes, bytes]  # cursor, type, body

PAGE_SIZE = 500  # entries; about 0.7 MB of readings


class History:
    """Reads timelines from Redis; `client` is the process's asynchronous connection pool."""

    def __init__(self, client: AsyncRedis) -> None:
        self._redis = client
        self._retention = retention()

    async def page(self, source: str, after: str, limit: int = PAGE_SIZE, until: str = "+") -> list[Entry]:
        """Return up to `limit` entries after the cursor `after`, the oldest first.

        `until` is the last cursor to include, or with "(" in front the first to exclude.
        """
        entries = await self._redis.xrange(timeline_key(source), min=f"({after}", max=until, count=limit)
        return [_decode(id, fields) for id, fields in entries]

    async def pages(
        self, source: str, after: str, until: str = "+", size: int = PAGE_SIZE
    ) -> AsyncIterator[list[Entry]]:
        """Yield all entries after the cursor `after` up to `until`, a page at a time."""
        full = True
        while full:
            page = await self.page(source, after, size, until)
            if page:
                after = page[-1][0]
                yield page
            full = len(page) == size

    async def last(self, source: str, after: str, until: str) -> str:
        """Return the newest cursor of such a range; `after` itself if the range is empty."""
        newest = await self._redis.xrevrange(timeline_key(source), max=until, min=f"({after}", count=1)
        return newest[0][0].decode() if newest else after

    async def newest(self, source: str, count: int) -> list[Entry]:
        """Return the last `count` entries, the newest first."""
        entries = await self._redis.xrevrange(timeline_key(source), count=count)
        return [_decode(id, fields) for id, fields in entries]

    async def last_cursor(self, source: str) -> str | None:
        """Return the newest entry's cursor; None if the timeline is empty."""
        newest = await self.newest(source, 1)
        return newest[0][0] if newest else None

    async def check(self, source: str, after: str) -> str | None:
        """Check a cursor. Raises BadCursorError for one ahead of the timeline, which never issued it.

        Return a sentence if the entries after the cursor may have been deleted.
        """
        last = await self.last_cursor(source)
        ahead = position(after) > position(cursor_at(now()))
        if ahead and (last is None or position(after) > position(last)):
            raise BadCursorError(
                f"the cursor {after} is ahead of the timeline, which ends at {last or 'now'}"
            )
        if 0 < position(after)[0] < now().timestamp() * 1000 - self._retention * 1000:
            hours = f"{self._retention / 3600:g} hours"
            return f"the cursor is older than the {hours} of retention: older entries have been deleted"
        return None


def _decode(id: bytes, fields: dict[bytes, bytes]) -> Entry:
    return id.decode(), fields[b"type"], fields[b"body"]
