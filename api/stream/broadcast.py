"""Broadcast of each source's messages: one Redis reader per source and process, any number of clients.

    Redis stream ──▶ Broadcast ──▶ ClientQueue of each client ──▶ its websocket

A slow client loses the messages in its own queue; the reader and the other clients never wait for it.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from api.stream.client_queue import ClientQueue
from api.stream.connection import text_frame
from api.stream.counters import StreamCounters
from api.stream.history import History
from api.stream.messages import START, Position, heartbeat, now, position, with_cursor
from api.tasks import start
from ingest.bus.client import AsyncRedis, Entry
from ingest.bus.connection import REDIS_ERRORS, entries_of
from ingest.bus.keys import SOURCES, timeline_key

logger = logging.getLogger(__name__)

QUEUE_SIZE = 512  # messages for one client: some 20 s of two faces, at most 1 MB
MAX_ENTRIES = 200  # entries of one read from Redis
HEARTBEAT_INTERVAL = 1.0  # seconds; the same for checks whether the source was removed
RECENT_ENTRIES = 50  # searched for the newest reading when a broadcast starts
RETRY_DELAY = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class Message:
    """One timeline entry as a websocket frame, which all clients share."""

    cursor: str
    position: Position
    frame: bytes


def message_of(cursor: str, body: bytes) -> Message:
    return Message(cursor, position(cursor), text_frame(with_cursor(body, cursor)))


class Broadcast:
    """Reads one source's timeline and distributes its messages for as long as there are clients."""

    def __init__(self, source: str, client: AsyncRedis, reader: AsyncRedis, counters: StreamCounters) -> None:
        """`reader` is used for blocking reads, `client` for all other commands."""
        self._source = source
        self._redis = client
        self._reader = reader
        self._counters = counters
        self._queues: set[ClientQueue[Message]] = set()
        self._newest_frame: datetime | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._stopped = False
        self.position = START  # cursor of the newest entry that was distributed
        self.removed = False  # the source was removed

    async def start(self) -> None:
        recent = await History(self._redis).newest(self._source, RECENT_ENTRIES)
        if recent:
            self.position = recent[0][0]
        self._track_newest_frame([(kind, body) for _, kind, body in reversed(recent)])
        self._tasks = [
            start(self._follow(), f"broadcast of {self._source}"),
            start(self._send_heartbeats(), f"heartbeat of {self._source}"),
        ]

    def stop(self) -> None:
        self._stopped = True  # in addition to cancel(), which can get lost: see api.tasks
        for task in self._tasks:
            task.cancel()

    def join(self) -> ClientQueue[Message]:
        """Add a client. Its queue receives every entry after the current `position`."""
        queue: ClientQueue[Message] = ClientQueue(QUEUE_SIZE)
        self._queues.add(queue)
        self._counters.clients += 1
        return queue

    def leave(self, queue: ClientQueue[Message]) -> None:
        self._queues.discard(queue)
        self._counters.clients -= 1

    @property
    def has_clients(self) -> bool:
        return bool(self._queues)

    async def _follow(self) -> None:
        while not self._stopped:
            try:
                reply = await self._reader.xread(
                    {timeline_key(self._source): self.position},
                    count=MAX_ENTRIES,
                    block=int(HEARTBEAT_INTERVAL * 1000),
                )
            except REDIS_ERRORS as error:
                logger.warning("redis: %s; the broadcast of %s waits", error, self._source)
                await asyncio.sleep(RETRY_DELAY)
                continue
            self._distribute(entries_of(reply))

    def _distribute(self, entries: list[Entry]) -> None:
        for id, fields in entries:
            message = message_of(id.decode(), fields[b"body"])
            for queue in self._queues:
                self._counters.missed += queue.put(message)
            self.position = message.cursor
        self._track_newest_frame([(fields[b"type"], fields[b"body"]) for _, fields in entries])

    def _track_newest_frame(self, entries: list[tuple[bytes, bytes]]) -> None:
        """Remember the capture time of the newest reading's frame."""
        for kind, body in reversed(entries):
            if kind == b"reading" and (captured_at := json.loads(body).get("captured_at")):
                self._newest_frame = datetime.fromisoformat(captured_at)
                return

    async def _send_heartbeats(self) -> None:
        while not self._stopped:
            await asyncio.sleep(HEARTBEAT_INTERVAL)
            await self._check_removal()
            frame = text_frame(heartbeat(self._source, now(), self._newest_frame))
            for queue in self._queues:
                queue.put_heartbeat(frame)
                if self.removed:
                    queue.close()

    async def _check_removal(self) -> None:
        """Check for removal with a short timeout, because heartbeats continue while Redis is away."""
        try:
            async with asyncio.timeout(HEARTBEAT_INTERVAL / 2):
                self.removed = not await self._redis.hexists(SOURCES, self._source)
        except (*REDIS_ERRORS, TimeoutError):
            return  # _follow logs it; whether the source was removed is unknown


class Broadcasts:
    """Broadcasts of this process by source; each runs from its first client to its last."""

    def __init__(self, client: AsyncRedis, readers: AsyncRedis) -> None:
        """`readers` is a pool with a connection for each broadcast's blocking reads."""
        self._redis = client
        self._readers = readers
        self._broadcasts: dict[str, Broadcast] = {}
        self._lock = asyncio.Lock()
        self.counters = StreamCounters()

    @asynccontextmanager
    async def join(self, source: str) -> AsyncIterator[tuple[Broadcast, ClientQueue[Message]]]:
        """Join the source's broadcast with a queue of its own."""
        broadcast, queue = await self._joined(source)
        try:
            yield broadcast, queue
        finally:
            broadcast.leave(queue)
            self._stop_unused(source, broadcast)

    async def _joined(self, source: str) -> tuple[Broadcast, ClientQueue[Message]]:
        async with self._lock:
            broadcast = self._broadcasts.get(source)
            if broadcast is None or broadcast.removed:
                broadcast = Broadcast(source, self._redis, self._readers, self.counters)
                await broadcast.start()
                self._broadcasts[source] = broadcast
            return broadcast, broadcast.join()

    def _stop_unused(self, source: str, broadcast: Broadcast) -> None:
        if broadcast.has_clients:
            return
        if self._broadcasts.get(source) is broadcast:
            del self._broadcasts[source]
        broadcast.stop()
