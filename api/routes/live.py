"""The two websockets of a source: its messages and its previews. docs/protocol.md describes both."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from api.access.caller import caller_of
from api.outages import outage
from api.services import Services, ServicesDep
from api.stream.broadcast import Broadcast, Message, message_of
from api.stream.client_queue import ClientQueue
from api.stream.history import ExpiredError
from api.stream.messages import (
    BAD_REQUEST,
    FORBIDDEN,
    REMOVED_SOURCE,
    TRY_LATER,
    UNKNOWN_SOURCE,
    BadCursorError,
    cursor_after,
    cursor_from,
    error,
    missed,
    now,
    position,
)
from api.stream.previews import NO_PICTURE
from api.tasks import stop
from ingest.bus.connection import REDIS_ERRORS

router = APIRouter()
logger = logging.getLogger(__name__)

Serve = Callable[[WebSocket, str, Services], Coroutine[Any, Any, None]]

DEFAULT_HISTORY = "-60s"  # sent before the live messages to clients without a cursor
PAGE_SIZE = 32  # stored entries that are read and sent at once: some 45 KB of readings
REMOVED = "the source was removed"


@router.websocket("/v1/sources/{id}/live")
async def live(websocket: WebSocket, id: str, services: ServicesDep) -> None:
    """Send the history after the cursor, then live messages: in order, without gaps or duplicates."""
    await _serve_websocket(websocket, id, services, _send_messages)


@router.websocket("/v1/sources/{id}/frames")
async def frames(websocket: WebSocket, id: str, services: ServicesDep) -> None:
    """Send previews as binary messages: media_time in ns as little-endian int64, then a JPEG."""
    await _serve_websocket(websocket, id, services, _send_previews)


async def _send_messages(websocket: WebSocket, source: str, services: Services) -> None:
    if not await _is_known(websocket, source, services):
        return
    try:
        client = _Client(websocket, source, services, _first_cursor(websocket))
        lost = await services.history.check(source, client.cursor)
    except BadCursorError as fault:
        await _refuse(websocket, BAD_REQUEST, error(source, "bad_cursor", str(fault)))
        return
    await services.audit.record(caller_of(websocket), "live.watched", source)
    if lost:
        await websocket.send_text(error(source, "expired", lost))
    await client.serve()


async def _send_previews(websocket: WebSocket, source: str, services: Services) -> None:
    if not await _is_known(websocket, source, services):
        return
    await services.audit.record(caller_of(websocket), "frames.watched", source)
    async with services.previews.watch(source) as watcher:
        while preview := await watcher.take():
            await websocket.send_bytes(preview.packed())
    if watcher.ended == "no_picture":
        await _refuse(websocket, FORBIDDEN, error(source, "no_picture", NO_PICTURE))
    else:
        await _refuse(websocket, REMOVED_SOURCE, error(source, "removed", REMOVED))


class _Client:
    """One websocket that receives messages, from its cursor to the present."""

    def __init__(self, websocket: WebSocket, source: str, services: Services, cursor: str) -> None:
        self._websocket = websocket
        self._source = source
        self._services = services
        self.cursor = cursor  # of the newest sent message

    async def serve(self) -> None:
        """Send messages until the source is removed; cancelled when the client disconnects."""
        await self._catch_up()
        async with self._services.broadcasts.join(self._source) as (broadcast, queue):
            if position(self.cursor) < position(broadcast.position):
                # Entries that were written between the history and the broadcast.
                await self._catch_up(until=broadcast.position)
            await self._follow(broadcast, queue)
        await _refuse(self._websocket, REMOVED_SOURCE, error(self._source, "removed", REMOVED))

    async def _catch_up(self, until: str = "+") -> None:
        """Send the history page by page, at the speed of the client; say where entries expired."""
        start = ""
        while start != self.cursor:  # else nothing is left up to `until`
            start = self.cursor
            try:
                await self._send_pages(until)
                return
            except ExpiredError as gap:
                await self._websocket.send_text(error(self._source, "expired", str(gap)))

    async def _send_pages(self, until: str) -> None:
        async for page in self._services.history.pages(self._source, self.cursor, until, PAGE_SIZE):
            await self._send([message_of(cursor, body) for cursor, _, body in page])

    async def _follow(self, broadcast: Broadcast, queue: ClientQueue[Message]) -> None:
        while True:
            delivery = await queue.take()
            if delivery.missed:
                await self._websocket.send_text(missed(self._source, delivery.missed, self.cursor))
            sent = position(self.cursor)
            messages = [message for message in delivery.items if message.position > sent]
            await self._send(messages, delivery.heartbeat)
            if messages:
                written_at = messages[0].position[0] / 1000
                self._services.broadcasts.counters.delays.add(time.time() - written_at, len(messages))
            if delivery.closed and broadcast.removed:
                return

    async def _send(self, messages: list[Message], heartbeat: bytes | None = None) -> None:
        """Send the messages, and the heartbeat if there is one, in one write."""
        frames = [message.frame for message in messages]
        if heartbeat:
            frames.append(heartbeat)
        if frames:
            await self._websocket.send({"type": "websocket.send", "frames": b"".join(frames)})
        if messages:
            self.cursor = messages[-1].cursor
            self._services.broadcasts.counters.delivered += len(messages)


def _first_cursor(websocket: WebSocket) -> str:
    """Return the cursor of `after`, else of `from`, else of a minute ago. Raises BadCursorError."""
    if after := websocket.query_params.get("after"):
        return cursor_after(after)
    return cursor_from(websocket.query_params.get("from") or DEFAULT_HISTORY, now())


async def _is_known(websocket: WebSocket, source: str, services: Services) -> bool:
    if await services.source(source) is not None:
        return True
    detail = f"there is no source {source[:80]!r}"
    await _refuse(websocket, UNKNOWN_SOURCE, error(source[:80], "unknown_source", detail))
    return False


async def _refuse(websocket: WebSocket, code: int, message: str) -> None:
    """Send an error message, then close with the code."""
    with suppress(WebSocketDisconnect):
        await websocket.send_text(message)
        await websocket.close(code)


async def _serve_websocket(websocket: WebSocket, source: str, services: Services, serve: Serve) -> None:
    with suppress(WebSocketDisconnect):  # the client disconnected, perhaps during the handshake
        await websocket.accept()
        try:
            await _send_until_message(websocket, source, serve(websocket, source, services))
        except REDIS_ERRORS as fault:
            if (reason := outage(fault)) is None:
                raise
            logger.warning("%s: a websocket of %s is closed", reason, source)
            detail = f"{reason}; connect again with your cursor"
            await _refuse(websocket, TRY_LATER, error(source[:80], "unavailable", detail))


async def _send_until_message(websocket: WebSocket, source: str, serving: Coroutine[Any, Any, None]) -> None:
    """Run `serving` until the client disconnects or sends a message, which the protocol does not allow."""
    sending = asyncio.create_task(serving)
    listening = asyncio.create_task(websocket.receive())
    try:
        await asyncio.wait({sending, listening}, return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            sending.result()
        elif listening.result()["type"] == "websocket.receive":
            await stop(sending)
            detail = "this websocket accepts no messages; see docs/protocol.md"
            await _refuse(websocket, BAD_REQUEST, error(source, "unexpected_message", detail))
    finally:
        await stop(sending, listening)
