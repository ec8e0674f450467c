"""What a source's timeline holds already, by pages."""

from collections.abc import AsyncIterator

from api.stream.messages import BadCursorError, cursor_at, now, position
from ingest.bus.client import AsyncRedis
from ingest.bus.keys import timeline_key
from ingest.settings import retention

Entry = tuple[str, bytes, bytes]  # cursor, type, body

PAGE = 500  # entries; about 0.7 MB of readings


class History:
    """Reads timelines from Redis; `client` is the process's asynchronous connection pool."""

    def __init__(self, client: AsyncRedis) -> None:
        self._redis = client
        self._kept = retention()

    async def page(self, source: str, after: str, limit: int = PAGE, until: str = "+") -> list[Entry]:
        """Up to `limit` entries after the cursor `after`, the oldest first.

        `until` is the last cursor that may come, with "(" in front the first that may not.
        """
        found = await self._redis.xrange(timeline_key(source), min=f"({after}", max=until, count=limit)
        return [_entry(id, fields) for id, fields in found]

    async def pages(
        self, source: str, after: str, until: str = "+", size: int = PAGE
    ) -> AsyncIterator[list[Entry]]:
        """All entries after the cursor `after` up to `until`, a page at a time."""
        full = True
        while full:
            page = await self.page(source, after, size, until)
            if page:
                after = page[-1][0]
                yield page
            full = len(page) == size

    async def last(self, source: str, after: str, until: str) -> str:
        """The newest cursor of such a range; `after` itself where there is nothing in it."""
        found = await self._redis.xrevrange(timeline_key(source), max=until, min=f"({after}", count=1)
        return found[0][0].decode() if found else after

    async def newest(self, source: str, count: int) -> list[Entry]:
        """The last `count` entries, the newest first."""
        found = await self._redis.xrevrange(timeline_key(source), count=count)
        return [_entry(id, fields) for id, fields in found]

    async def last_cursor(self, source: str) -> str | None:
        """The newest entry's cursor; None when the timeline is empty."""
        newest = await self.newest(source, 1)
        return newest[0][0] if newest else None

    async def check(self, source: str, after: str) -> str | None:
        """Raises BadCursorError for a cursor that this timeline never gave out, being ahead of it.

        Returns a sentence when what followed the cursor is no longer kept.
        """
        last = await self.last_cursor(source)
        ahead = position(after) > position(cursor_at(now()))
        if ahead and (last is None or position(after) > position(last)):
            raise BadCursorError(f"expected a cursor up to {last or 'now'}, actual {after} lies ahead of it")
        if 0 < position(after)[0] < now().timestamp() * 1000 - self._kept * 1000:
            hours = f"{self._kept / 3600:g} hours"
            return f"the cursor is older than the {hours} that are kept: what lay between is gone"
        return None


def _entry(id: bytes, fields: dict[bytes, bytes]) -> Entry:
    return id.decode(), fields[b"type"], fields[b"body"]
