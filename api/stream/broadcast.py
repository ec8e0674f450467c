"""Every message to every dashboard: one reader a source and process, any number of clients.

    Redis stream -> Feed -> Mailbox of each client -> its websocket

A client that reads too slowly loses what is in its own mailbox; the reader and the others never wait for it.
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
from ingest.bus.client import AsyncRedis
from ingest.bus.connection import REDIS_ERRORS
from ingest.bus.keys import SOURCES, timeline_key

logger = logging.getLogger(__name__)

DEPTH = 512  # messages that may wait for a client: some 20 s of two faces, at most 1 MB
BATCH = 200  # entries taken from Redis at once
BEAT = 1.0  # seconds between heartbeats, and between looks whether the source is still configured
RECENT = 50  # entries looked through for the newest reading when a feed starts
PAUSE = 0.5  # seconds before Redis is tried again


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of the timeline, ready to be sent; all clients share the bytes."""

    cursor: str
    position: Position
    frame: bytes


def message_of(cursor: str, body: bytes) -> Message:
    return Message(cursor, position(cursor), text_frame(with_cursor(body, cursor)))


class Broadcast:
    """Follows one source's timeline for as long as it has clients."""

    def __init__(self, source: str, client: AsyncRedis, reader: AsyncRedis, counters: StreamCounters) -> None:
        """`reader` waits for entries, and `client` does all that is done at once."""
        self._source = source
        self._redis = client
        self._reader = reader
        self._counters = counters
        self._queues: set[ClientQueue[Message]] = set()
        self._newest_frame: datetime | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._stopped = False
        self.position = START  # the newest entry that went to the mailboxes
        self.removed = False  # the source is configured no more

    async def start(self) -> None:
        recent = await History(self._redis).newest(self._source, RECENT)
        if recent:
            self.position = recent[0][0]
        self._note_newest([(kind, body) for _, kind, body in reversed(recent)])
        self._tasks = [
            start(self._follow(), f"the feed of {self._source}"),
            start(self._beat(), f"the heartbeat of {self._source}"),
        ]

    def stop(self) -> None:
        self._stopped = True  # as well, since a cancellation can get lost; see api.tasks
        for task in self._tasks:
            task.cancel()

    def join(self) -> ClientQueue[Message]:
        """A mailbox that gets every entry after `position` as it is now."""
        queue: ClientQueue[Message] = ClientQueue(DEPTH)
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
                found = await self._reader.xread(
                    {timeline_key(self._source): self.position}, count=BATCH, block=int(BEAT * 1000)
                )
            except REDIS_ERRORS as error:
                logger.warning(
                    "redis does not answer as it should, the feed of %s waits: %s", self._source, error
                )
                await asyncio.sleep(PAUSE)
                continue
            if found:
                self._give(found[0][1] if isinstance(found, list) else next(iter(found.values()))[0])

    def _give(self, entries: list[tuple[bytes, dict[bytes, bytes]]]) -> None:
        for id, fields in entries:
            message = message_of(id.decode(), fields[b"body"])
            for queue in self._queues:
                self._counters.missed += queue.put(message)
            self.position = message.cursor
        self._note_newest([(fields[b"type"], fields[b"body"]) for _, fields in entries])

    def _note_newest(self, entries: list[tuple[bytes, bytes]]) -> None:
        """Remembers when the frame of the newest reading was captured."""
        for kind, body in reversed(entries):
            if kind == b"reading" and (captured_at := json.loads(body).get("captured_at")):
                self._newest_frame = datetime.fromisoformat(captured_at)
                return

    async def _beat(self) -> None:
        while not self._stopped:
            await asyncio.sleep(BEAT)
            await self._look_for_removal()
            frame = text_frame(heartbeat(self._source, now(), self._newest_frame))
            for queue in self._queues:
                queue.beat(frame)
                if self.removed:
                    queue.close()

    async def _look_for_removal(self) -> None:
        """Without much patience: heartbeats go on while Redis is away."""
        try:
            async with asyncio.timeout(BEAT / 2):
                self.removed = not await self._redis.hexists(SOURCES, self._source)
        except (*REDIS_ERRORS, TimeoutError):
            return  # the follower says so; who is configured is not known now


class Broadcasts:
    """The feeds of this process, by source; each lives from its first client to its last."""

    def __init__(self, client: AsyncRedis, readers: AsyncRedis) -> None:
        """`readers` gives each feed a connection to wait on."""
        self._redis = client
        self._readers = readers
        self._broadcasts: dict[str, Broadcast] = {}
        self._lock = asyncio.Lock()
        self.counters = StreamCounters()

    @asynccontextmanager
    async def join(self, source: str) -> AsyncIterator[tuple[Broadcast, ClientQueue[Message]]]:
        """The source's feed and a mailbox in it."""
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
