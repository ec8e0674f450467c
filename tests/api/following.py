"""A client of a source's websocket, and the messages that it receives."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from engine.records import Reading
from tests.api.schema import parsed
from tests.api.serving import Api, reading


@asynccontextmanager
async def following(api: Api, query: str = "") -> AsyncIterator[ClientConnection]:
    async with connect(f"{api.ws}/v1/sources/lobby/live?{query}", compression=None) as client:
        yield client


async def receive(client: ClientConnection, kind: str = "reading") -> dict[str, Any]:
    """Receive the next message of this kind."""
    while True:
        message = parsed(await asyncio.wait_for(client.recv(), 10))
        if message["type"] == kind:
            return message


async def receive_until(client: ClientConnection, frame: int) -> list[dict[str, Any]]:
    """Receive all readings up to that of a frame; only the first is checked by the schema, which is slow."""
    messages = [await receive(client)]
    while messages[-1]["frame"] != frame:
        message = json.loads(await asyncio.wait_for(client.recv(), 10))
        if message["type"] == "reading":
            messages.append(message)
    return messages


async def refused(client: ClientConnection) -> tuple[str, int]:
    """Receive the code of the error message, and the code with which the connection is closed."""
    message = await receive(client, "error")
    with pytest.raises(ConnectionClosed) as closed:
        await asyncio.wait_for(client.recv(), 10)
    assert closed.value.rcvd is not None
    return message["code"], closed.value.rcvd.code


def frames(messages: list[dict[str, Any]]) -> list[int]:
    return [message["frame"] for message in messages]


def wide(number: int) -> Reading:
    """Return a reading whose message has some 10 KB."""
    return replace(reading(number), model="m" * 8000)
