"""The live picture of a source for those who watch: the newest wins; nobody watching means no pictures."""

import asyncio
import logging
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from api.tasks import start
from ingest.bus.client import AsyncRedis
from ingest.bus.connection import REDIS_ERRORS
from ingest.bus.keys import SOURCES, preview_key, watch_key
from ingest.bus.previews import WATCH_TTL
from ingest.bus.source_config import usable_config

NO_PICTURE = "no picture is made of this source: it is configured so"

logger = logging.getLogger(__name__)

POLL_INTERVAL = 0.03  # seconds between looks for a newer picture
RENEW_INTERVAL = WATCH_TTL / 2  # seconds between renewals of the wish for pictures
RETRY_DELAY = 0.5  # seconds before Redis is tried again


@dataclass(frozen=True, slots=True)
class Preview:
    """One preview: when its frame was, and the JPEG."""

    media_time: int  # ns
    jpeg: bytes

    def packed(self) -> bytes:
        """As the websocket carries it: media_time as little-endian int64, then the JPEG."""
        return struct.pack("<q", self.media_time) + self.jpeg


@dataclass(eq=False, slots=True)
class PreviewWatcher:
    """One client: the newest picture it has not taken yet."""

    preview: Preview | None = None
    ended: Literal["", "removed", "no_picture"] = ""  # why no more pictures come
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self) -> Preview | None:
        """Waits for a picture newer than the last; None when no more come."""
        await self.arrived.wait()
        self.arrived.clear()
        return None if self.ended else self.preview


class LivePreviews:
    """Looks for pictures of the sources that have watchers, once for all watchers of a source."""

    def __init__(self, client: AsyncRedis) -> None:
        self._redis = client
        self._watchers: dict[str, set[PreviewWatcher]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @asynccontextmanager
    async def watch(self, source: str) -> AsyncIterator[PreviewWatcher]:
        watcher = PreviewWatcher()
        self._watchers.setdefault(source, set()).add(watcher)
        if source not in self._tasks or self._tasks[source].done():
            self._tasks[source] = start(self._poll(source), f"the look for pictures of {source}")
        try:
            yield watcher
        finally:
            self._watchers[source].discard(watcher)
            if not self._watchers[source]:
                del self._watchers[source]
                self._tasks.pop(source).cancel()

    async def newest(self, source: str, wait: float) -> Preview | None:
        """One picture; None when none comes within `wait` seconds."""
        async with self.watch(source) as watcher:
            try:
                return await asyncio.wait_for(watcher.take(), wait)
            except TimeoutError:
                return None

    async def _poll(self, source: str) -> None:
        loop = asyncio.get_running_loop()
        shown: bytes | None = None
        renewed = -RENEW_INTERVAL
        while self._tasks.get(source) is asyncio.current_task():  # a cancellation can get lost; see api.tasks
            try:
                if loop.time() - renewed >= RENEW_INTERVAL:
                    await self._renew(source)
                    renewed = loop.time()
                shown = await self._poll_once(source, shown)
            except REDIS_ERRORS as error:
                logger.warning("redis: %s; the picture of %s waits", error, source)
                await asyncio.sleep(RETRY_DELAY)
            await asyncio.sleep(POLL_INTERVAL)

    async def _poll_once(self, source: str, shown: bytes | None) -> bytes | None:
        """Gives the picture to all watchers if it is not the one that was shown; returns its media time."""
        if await self._redis.hget(preview_key(source), "media_time") == shown:
            return shown
        media_time, jpeg, made = await self._redis.hmget(preview_key(source), "media_time", "jpeg", "picture")
        # Asked after the picture was read: none is shown that was made before the source was configured anew.
        if media_time is None or jpeg is None or made is None:
            return shown
        if made.decode() != await self._configured(source):
            return shown
        preview = Preview(int(media_time), jpeg)
        for watcher in self._watchers.get(source, ()):
            watcher.preview = preview
            watcher.arrived.set()
        return media_time

    async def _renew(self, source: str) -> None:
        configured = await self._configured(source)
        if configured not in ("removed", "none"):
            await self._redis.set(watch_key(source), b"1", ex=WATCH_TTL)
            return
        for watcher in self._watchers.get(source, ()):
            watcher.ended = "removed" if configured == "removed" else "no_picture"
            watcher.arrived.set()

    async def _configured(self, source: str) -> Literal["removed", "none", "blurred", "shown"]:
        """What of the source's picture may be shown now."""
        text = await self._redis.hget(SOURCES, source)
        if text is None:
            return "removed"
        config = usable_config(source, text)
        return "none" if config is None else config.picture
