"""Tickets: credentials in a URL, for websockets, images and videos, with which browsers send no token.

A ticket opens one path for a short time: a websocket once, everything else repeatedly, because a player
requests a video in ranges. It ends with the token that requested it.
"""

import heapq
import json
import re
import secrets
import time
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal
from urllib.parse import unquote

from api.access.caller import Caller
from ingest.bus.client import AsyncRedis
from ingest.bus.keys import ticket_key

Kind = Literal["websocket", "http"]

LIFETIMES: dict[Kind, int] = {"websocket": 60, "http": 600}  # seconds
MAX_PATH_LENGTH = 500  # characters
TICKET_BYTES = 32  # random ones
MAX_TICKETS = 5000  # valid ones of one token, issued by one process; a wall of cameras needs a few hundred
MAX_ALL_TICKETS = 20_000  # of all tokens; some 6 MB in Redis

SOCKETS = re.compile(r"/v1/sources/([^/]+)/(?:live|frames)")  # every websocket of the service


class TooManyTicketsError(Exception):
    """A caller, or all callers, have more valid tickets than allowed; the message is one sentence."""


class TicketError(Exception):
    """A path that tickets cannot open; the message is one sentence for the caller."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A new ticket, as its caller receives it."""

    text: str
    expires_at: float  # seconds since the epoch


class TicketQuota:
    """Counts valid tickets, for each token and in all."""

    def __init__(self, each: int, everyone: int) -> None:
        self._each = each
        self._everyone = everyone
        self._valid: list[tuple[float, str]] = []  # a heap of their ends (seconds) and tokens
        self._counts: Counter[str] = Counter()

    def take(self, token: str, now: float, lifetime: float) -> None:
        """Count a new ticket. Raises TooManyTicketsError."""
        while self._valid and self._valid[0][0] <= now:
            self._counts[heapq.heappop(self._valid)[1]] -= 1
        self._counts += Counter()  # drops the tokens without a ticket
        if self._counts[token] >= self._each:
            raise TooManyTicketsError(f"this token has {self._each} valid tickets: wait until some expire")
        if len(self._valid) >= self._everyone:
            raise TooManyTicketsError(f"there are {self._everyone} valid tickets: wait until some expire")
        heapq.heappush(self._valid, (now + lifetime, token))
        self._counts[token] += 1


class Tickets:
    """Issues and redeems tickets. Redis stores their hashes, so that every API process knows them."""

    def __init__(self, client: AsyncRedis) -> None:
        self._redis = client
        self._quota = TicketQuota(MAX_TICKETS, MAX_ALL_TICKETS)

    async def issue(self, caller: Caller, path: str) -> Ticket:
        """Issue a ticket for `path`. Raises TicketError, TooManyTicketsError."""
        opened = _checked(path)
        kind: Kind = "websocket" if SOCKETS.fullmatch(opened) else "http"
        self._quota.take(caller.token, time.monotonic(), LIFETIMES[kind])
        text = secrets.token_urlsafe(TICKET_BYTES)
        stored = {"path": opened, "kind": kind, "name": caller.name, "scope": caller.scope}
        stored["token"] = caller.token
        await self._redis.set(_key(text), json.dumps(stored), ex=LIFETIMES[kind])
        return Ticket(text, time.time() + LIFETIMES[kind])

    async def redeem(self, text: str, kind: Kind, path: str) -> Caller | None:
        """Return the caller that the ticket was issued to; None if it does not open `path`."""
        stored = await self._redis.get(_key(text))
        ticket = json.loads(stored) if stored else {}
        if (ticket.get("kind"), ticket.get("path")) != (kind, path):
            return None
        # Of two websockets with the same ticket, only one deletes it.
        if kind == "websocket" and not await self._redis.delete(_key(text)):
            return None
        return Caller(ticket["name"], ticket["scope"], ticket["token"])


def _checked(path: str) -> str:
    """Return the path with its percent escapes decoded, as ASGI passes paths."""
    if not path.startswith("/v1/") or "?" in path or "#" in path or len(path) > MAX_PATH_LENGTH:
        raise TicketError(
            f"a ticket opens a path such as /v1/sources/lobby/live, without a query; {path[:80]!r} is none"
        )
    return unquote(path)


def _key(text: str) -> str:
    return ticket_key(sha256(text.encode()).hexdigest())
