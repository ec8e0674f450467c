"""Tickets: what a browser puts into an address where it can send no header of its own.

A ticket opens one path to one caller for a short time: a websocket once, anything else as often as a player
asks for the next piece of a video. It ends with the token that it was got with.
"""

import json
import re
import secrets
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal
from urllib.parse import unquote

from api.access.caller import Caller
from ingest.bus.client import AsyncRedis
from ingest.bus.keys import ticket_key

Kind = Literal["websocket", "http"]

LASTS: dict[Kind, int] = {"websocket": 60, "http": 600}  # seconds
LONGEST_PATH = 500  # characters
RANDOM = 32  # bytes

SOCKETS = re.compile(r"/v1/sources/([^/]+)/(?:live|frames)")  # all websockets of the service


class TicketError(Exception):
    """A path that no ticket is given for; the message is one line with expected and actual."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as its owner gets it, once."""

    text: str
    expires_at: float  # seconds since the epoch


class Tickets:
    """Gives out tickets and takes them; they lie in Redis, hashed, so that every API process knows them."""

    def __init__(self, client: AsyncRedis) -> None:
        self._redis = client

    async def issue(self, caller: Caller, path: str) -> Ticket:
        """Raises TicketError."""
        opened = _checked(path)
        kind: Kind = "websocket" if SOCKETS.fullmatch(opened) else "http"
        text = secrets.token_urlsafe(RANDOM)
        kept = {"path": opened, "kind": kind, "name": caller.name, "scope": caller.scope}
        kept["token"] = caller.token
        await self._redis.set(_key(text), json.dumps(kept), ex=LASTS[kind])
        return Ticket(text, time.time() + LASTS[kind])

    async def take(self, text: str, kind: Kind, path: str) -> Caller | None:
        """Who got this ticket, if it is one for `path`."""
        found = await self._redis.get(_key(text))
        kept = json.loads(found) if found else {}
        if (kept.get("kind"), kept.get("path")) != (kind, path):
            return None
        # Of two that come with the same ticket at once, one deletes it.
        if kind == "websocket" and not await self._redis.delete(_key(text)):
            return None
        return Caller(kept["name"], kept["scope"], kept["token"])


def _checked(path: str) -> str:
    """The path as the service sees it, without its escapes."""
    if not path.startswith("/v1/") or "?" in path or "#" in path or len(path) > LONGEST_PATH:
        raise TicketError(
            f"expected a path such as /v1/sources/lobby/live without a query, actual {path[:80]!r}"
        )
    return unquote(path)


def _key(text: str) -> str:
    return ticket_key(sha256(text.encode()).hexdigest())
