"""An API that requires tokens, and clients of it."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as open_websocket

from api.access.caller import Scope
from api.access.tokens import encode_token, make_token
from ingest.bus.connection import connect
from ingest.bus.keys import TOKENS
from tests.api.serving import Api, configure, serving


def add_token(redis_url: str, name: str, scope: Scope) -> str:
    """Add a token; return its text."""
    text, token = make_token(name, scope, time.time())
    with connect(redis_url) as client:
        client.hset(TOKENS, name, encode_token(token))
    return text


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@contextmanager
def serving_with_tokens(redis_url: str, media: Path, root_path: str = "") -> Iterator[Api]:
    """Serve an API that requires tokens, with a source `lobby`."""
    configure(redis_url)
    with serving(redis_url, media, tokens="required", root_path=root_path) as api:
        yield api


@contextmanager
def http_client(api: Api, token: str | None = None) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=api.http, headers=bearer(token) if token else {}) as client:
        yield client


def refused_websocket(address: str, headers: dict[str, str] | None = None) -> tuple[str, int]:
    """Return the error code and the close code of a websocket that is refused."""
    with open_websocket(address, additional_headers=headers) as client:
        (message,) = receive_until_closed(client)
        assert client.close_code is not None
        return json.loads(message)["code"], client.close_code


def receive_until_closed(client: ClientConnection) -> list[str]:
    """Receive all messages until the server closes the websocket."""
    messages = []
    try:
        while True:
            messages.append(str(client.recv(10)))
    except ConnectionClosed:
        return messages


def first_message_type(address: str, headers: dict[str, str] | None = None) -> str:
    """Return the type of a websocket's first message."""
    with open_websocket(address, additional_headers=headers) as client:
        kind: str = json.loads(client.recv(10))["type"]
        return kind
