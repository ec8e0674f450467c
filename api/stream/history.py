"""Stored entries of a source's timeline, in pages."""

from collections.abc import AsyncIterator, Callable

from api.stream.messages import LAST_SEQUENCE, START, BadCursorError, cursor_at, now, position
from ingest.bus.client import AsyncRedis
from ingest.bus.keys import timeline_key
from ingest.settings import retention

Entry = tuple[str, bytes, bytes]  # cursor, type, body
Key = Callable[[str], str]  # the stream of a source

PAGE_SIZE = 500  # entries; about 0.7 MB of readings


class ExpiredError(Exception):
    """Entries were deleted while their timeline was read; the message is one sentence for the client."""

    def __init__(self, cursor: str) -> None:
        super().__init__(f"messages after the cursor {cursor} were deleted while they were being read")


class History:
    """Reads timelines from Redis; `client` is the process's asynchronous connection pool."""

    def __init__(self, client: AsyncRedis) -> None:
        self._redis = client
        self._retention = retention()

    async def pages(
        self, source: str, after: str, until: str = "+", size: int = PAGE_SIZE, key: Key = timeline_key
    ) -> AsyncIterator[list[Entry]]:
        """Yield all entries after the cursor `after`, the oldest first, in pages of `size` entries.

        `until` is the last cursor to include, or with "(" in front the first to exclude. `key` gives the
        stream in Redis: that of messages, or that of the overview. Raises ExpiredError if entries that were
        not yet read may have been deleted in the meantime, by retention or with their source.
        """
        after = await self._located(source, after, key)
        until = await self._located(source, until, key)
        page = await self._range(key(source), f"({after}", until, size)
        while page:
            yield page
            last = page[-1][0]
            if len(page) < size or last == until:
                return
            # The last entry once more: if it still exists, so do all that follow it.
            page = await self._range(key(source), last, until, size + 1)
            if not page or page.pop(0)[0] != last:
                raise ExpiredError(last)

    async def pages_up_to(self, source: str, after: str, last: str) -> AsyncIterator[list[Entry]]:
        """Yield the pages up to the cursor `last` of an entry, or nothing if that is `after` itself.

        Raises ExpiredError also if the last entry was deleted before it was read.
        """
        read = await self._located(source, after, timeline_key)
        async for page in self.pages(source, after, last):
            yield page
            read = page[-1][0]
        if read != last:
            raise ExpiredError(read)

    async def _range(self, key: str, first: str, until: str, size: int) -> list[Entry]:
        entries = await self._redis.xrange(key, min=first, max=until, count=size)
        return [_decode(id, fields) for id, fields in entries]

    async def last(self, source: str, after: str, until: str) -> str:
        """Return the newest cursor of the range; `after` itself if the range is empty."""
        after = await self._located(source, after, timeline_key)
        until = await self._located(source, until, timeline_key)
        newest = await self._redis.xrevrange(timeline_key(source), max=until, min=f"({after}", count=1)
        return newest[0][0].decode() if newest else after

    async def newest(self, source: str, count: int) -> list[Entry]:
        """Return the last `count` entries, the newest first."""
        entries = await self._redis.xrevrange(timeline_key(source), count=count)
        return [_decode(id, fields) for id, fields in entries]

    async def check(self, source: str, after: str) -> str | None:
        """Check a cursor. Raises BadCursorError for one ahead of the timeline, which never issued it.

        Return a sentence if the entries after the cursor may have been deleted.
        """
        last = await self.last(source, START, "+")
        if position(after) > max(position(cursor_at(now())), position(last)):
            end = "now" if last == START else last
            raise BadCursorError(f"the cursor {after} is ahead of the timeline, which ends at {end}")
        if 0 < position(after)[0] < now().timestamp() * 1000 - self._retention * 1000:
            hours = f"{self._retention / 3600:g} hours"
            return f"the cursor is older than the {hours} of retention: older entries have been deleted"
        return None

    async def _located(self, source: str, cursor: str, key: Key) -> str:
        """Return the cursor of a moment also for a stream whose IDs are ahead of the clock.

        Its newest entries then share the milliseconds of their IDs; the times in them are searched. Other
        cursors are returned as they are.
        """
        if not cursor.endswith(f"-{LAST_SEQUENCE}"):
            return cursor
        newest = await self._redis.xrevrange(key(source), count=1)
        if not newest or position(newest[0][0].decode())[0] <= now().timestamp() * 1000:
            return cursor
        milliseconds, last = position(newest[0][0].decode())
        low, high = 0, last + 1
        while low < high:
            middle = (low + high) // 2
            [(id, fields)] = await self._redis.xrange(key(source), min=f"{milliseconds}-{middle}", count=1)
            if _written_at(id, fields) <= position(cursor)[0]:
                low = position(id.decode())[1] + 1
            else:
                high = middle
        return f"{milliseconds}-{low - 1}" if low else cursor


def _written_at(id: bytes, fields: dict[bytes, bytes]) -> int:
    """Return the time of an entry (ms since the epoch); entries of earlier versions have only their ID's."""
    return int(fields.get(b"at") or position(id.decode())[0])


def _decode(id: bytes, fields: dict[bytes, bytes]) -> Entry:
    return id.decode(), fields[b"type"], fields[b"body"]
