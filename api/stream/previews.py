"""Live previews of a source for its watchers: only the newest counts, and without watchers none is made."""

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

NO_PICTURE = "this source is configured to show no picture"

logger = logging.getLogger(__name__)

POLL_INTERVAL = 0.03  # seconds
RENEW_INTERVAL = WATCH_TTL / 2  # seconds between requests to ingest for more previews
RETRY_DELAY = 0.5  # seconds
TIMEOUT = 3.0  # seconds until the first preview of a source without watchers


@dataclass(frozen=True, slots=True)
class Preview:
    """One preview: a JPEG and the media time of its frame."""

    media_time: int  # ns
    jpeg: bytes

    def packed(self) -> bytes:
        """Encode for the websocket: media_time as little-endian int64, then the JPEG."""
        return struct.pack("<q", self.media_time) + self.jpeg


@dataclass(eq=False, slots=True)
class PreviewWatcher:
    """One client, with the newest preview that it has not taken yet."""

    preview: Preview | None = None
    ended: Literal["", "removed", "no_picture"] = ""  # the reason that no more previews follow
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self) -> Preview | None:
        """Wait for a preview newer than the last; None when no more follow."""
        await self.arrived.wait()
        self.arrived.clear()
        return None if self.ended else self.preview


class LivePreviews:
    """Polls Redis for the previews of each source with watchers, once for all of its watchers."""

    def __init__(self, client: AsyncRedis, *, timeout: float = TIMEOUT) -> None:
        """`timeout` of `newest`, in seconds."""
        self.timeout = timeout
        self._redis = client
        self._watchers: dict[str, set[PreviewWatcher]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @asynccontextmanager
    async def watch(self, source: str) -> AsyncIterator[PreviewWatcher]:
        watcher = PreviewWatcher()
        self._watchers.setdefault(source, set()).add(watcher)
        if source not in self._tasks or self._tasks[source].done():
            self._tasks[source] = start(self._poll(source), f"previews of {source}")
        try:
            yield watcher
        finally:
            self._watchers[source].discard(watcher)
            if not self._watchers[source]:
                del self._watchers[source]
                self._tasks.pop(source).cancel()

    async def newest(self, source: str) -> Preview | None:
        """Return one preview; None if none arrives within the timeout."""
        async with self.watch(source) as watcher:
            try:
                return await asyncio.wait_for(watcher.take(), self.timeout)
            except TimeoutError:
                return None

    async def _poll(self, source: str) -> None:
        loop = asyncio.get_running_loop()
        shown: bytes | None = None
        renewed = -RENEW_INTERVAL
        while self._tasks.get(source) is asyncio.current_task():  # see api.tasks
            try:
                if loop.time() - renewed >= RENEW_INTERVAL:
                    await self._renew(source)
                    renewed = loop.time()
                shown = await self._poll_once(source, shown)
            except REDIS_ERRORS as error:
                logger.warning("redis: %s; the previews of %s wait", error, source)
                await asyncio.sleep(RETRY_DELAY)
            await asyncio.sleep(POLL_INTERVAL)

    async def _poll_once(self, source: str, shown: bytes | None) -> bytes | None:
        """Hand a new preview to all watchers. Return its media time, or `shown` if there is no new one."""
        if await self._redis.hget(preview_key(source), "media_time") == shown:
            return shown
        media_time, jpeg, made = await self._redis.hmget(preview_key(source), "media_time", "jpeg", "picture")
        # Read after the preview, so that none is shown that was made under an older configuration.
        if media_time is None or jpeg is None or made is None:
            return shown
        if made.decode() != await self._visibility(source):
            return shown
        preview = Preview(int(media_time), jpeg)
        for watcher in self._watchers.get(source, ()):
            watcher.preview = preview
            watcher.arrived.set()
        return media_time

    async def _renew(self, source: str) -> None:
        visibility = await self._visibility(source)
        if visibility not in ("removed", "none"):
            await self._redis.set(watch_key(source), b"1", ex=WATCH_TTL)
            return
        for watcher in self._watchers.get(source, ()):
            watcher.ended = "removed" if visibility == "removed" else "no_picture"
            watcher.arrived.set()

    async def _visibility(self, source: str) -> Literal["removed", "none", "blurred", "shown"]:
        """Return the source's current setting `picture`."""
        text = await self._redis.hget(SOURCES, source)
        if text is None:
            return "removed"
        config = usable_config(source, text)
        return "none" if config is None else config.picture
