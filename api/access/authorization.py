"""The gate: no request and no websocket gets in before it is known who asks, and whether they may.

It stands before all routes, so that none can forget it. What is open to all: /healthz, and the dashboard's
files, which hold nothing of anybody's.
"""

import logging
import time
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from api.access.caller import LOCAL, NEEDS_OPERATE, Caller
from api.access.tickets import SOCKETS
from api.http.problems import problem_response
from api.outages import outage
from api.stream.messages import FORBIDDEN, TRY_LATER, UNAUTHORIZED, error
from ingest.bus.connection import REDIS_ERRORS

logger = logging.getLogger(__name__)

READS = ("GET", "HEAD")
FOR_VIEWERS = "/v1/tickets"  # asking for one changes nothing
ASKED_AGAIN = 5.0  # seconds after which an open websocket's token is looked up again

NEEDS_TOKEN = "expected a token: Authorization: Bearer …, or for browsers a ticket; see docs/operations.md"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody does not get in: to a request its status, to a websocket its code and close code."""

    status: int
    code: str
    close: int
    detail: str


MISSING = Refusal(401, "unauthorized", UNAUTHORIZED, NEEDS_TOKEN)
UNKNOWN = Refusal(
    401, "unauthorized", UNAUTHORIZED, "expected a token that is known here, actual another one"
)
USED_UP = Refusal(
    401, "unauthorized", UNAUTHORIZED, "expected a fresh ticket for this path, actual another one"
)
VIEWER = Refusal(403, "forbidden", FORBIDDEN, NEEDS_OPERATE)
REMOVED = Refusal(401, "unauthorized", UNAUTHORIZED, "the token was removed")


class AuthMiddleware:
    """Finds out who asks, leaves it in the connection's state, and sends away who may not."""

    def __init__(self, app: ASGIApp, *, required: bool, public: frozenset[str]) -> None:
        """`required`: nobody gets in without a token but to the paths in `public`."""
        self._app = app
        self._required = required
        self._public = public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        ticket = _taken_ticket(scope)
        if not self._required:
            scope.setdefault("state", {})["caller"] = LOCAL
            await self._app(scope, receive, send)
        elif scope["type"] == "http" and scope["method"] in READS and scope["path"] in self._public:
            await self._app(scope, receive, send)
        else:
            await self._let_in(scope, receive, send, ticket)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send, ticket: str | None) -> None:
        try:
            caller = await _caller(scope, ticket)
        except REDIS_ERRORS as fault:
            if (reason := outage(fault)) is None:
                raise
            await _refuse(_not_now(reason), scope, receive, send)
            return
        if caller is None:
            await _refuse(_stranger(scope, ticket), scope, receive, send)
        elif caller.scope != "operate" and _needs_operate(scope):
            await _refuse(VIEWER, scope, receive, send)
        else:
            scope.setdefault("state", {})["caller"] = caller
            await self._app(scope, receive, _while_valid(scope, caller, send))


def _not_now(reason: str) -> Refusal:
    return Refusal(503, "unavailable", TRY_LATER, f"{reason}; try again in some seconds")


def _needs_operate(scope: Scope) -> bool:
    return bool(scope["type"] == "http" and scope["method"] not in READS and scope["path"] != FOR_VIEWERS)


async def _caller(scope: Scope, ticket: str | None) -> Caller | None:
    """Who holds the token, or the ticket, that came along. Raises what Redis raises."""
    services = scope["app"].state.services
    if (text := _bearer(scope)) is not None:
        token = await services.tokens.find(text)
        return token.caller() if token else None
    if ticket is None or (scope["type"] == "http" and scope["method"] not in READS):
        return None
    caller = await services.tickets.take(ticket, scope["type"], scope["path"])
    return caller if caller and await services.tokens.holds(caller.token) else None


def _bearer(scope: Scope) -> str | None:
    """The token that came along, whatever it is."""
    kind, _, text = Headers(scope=scope).get("authorization", "").partition(" ")
    return text.strip() or None if kind.lower() == "bearer" else None


def _stranger(scope: Scope, ticket: str | None) -> Refusal:
    """What to tell somebody who is not known."""
    if _bearer(scope) is not None:
        return UNKNOWN
    return MISSING if ticket is None else USED_UP


def _taken_ticket(scope: Scope) -> str | None:
    """The ticket in the query, which is taken out of it: what comes after, logs too, does not see it."""
    if b"ticket=" not in scope["query_string"]:
        return None
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    scope["query_string"] = urlencode([pair for pair in pairs if pair[0] != "ticket"]).encode()
    return next((value for name, value in pairs if name == "ticket"), None)


async def _refuse(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    known = SOCKETS.fullmatch(scope["path"]) if scope["type"] == "websocket" else None
    if known is None:
        await _response(refusal)(scope, receive, send)
        return
    await receive()  # the wish to connect
    await send({"type": "websocket.accept"})
    await _close(refusal, known[1], send)


def _response(refusal: Refusal) -> Response:
    response = problem_response(refusal.status, refusal.detail)
    if refusal.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


async def _close(refusal: Refusal, source: str, send: Send) -> None:
    """A browser learns nothing of a refused handshake: it is told on the open websocket."""
    await send({"type": "websocket.send", "text": error(source[:80], refusal.code, refusal.detail)})
    await send({"type": "websocket.close", "code": refusal.close})


def _while_valid(scope: Scope, caller: Caller, send: Send) -> Send:
    """Sends for as long as the caller's token is there: removing a token ends the websockets it opened."""
    if scope["type"] != "websocket":
        return send
    asked_at = time.monotonic()

    async def sending(message: Message) -> None:
        nonlocal asked_at
        if time.monotonic() - asked_at >= ASKED_AGAIN:
            asked_at = time.monotonic()
            if not await _still_holds(scope, caller):
                known = SOCKETS.fullmatch(scope["path"])
                await _close(REMOVED, known[1] if known else "", send)
                raise WebSocketDisconnect(REMOVED.close)
        await send(message)

    return sending


async def _still_holds(scope: Scope, caller: Caller) -> bool:
    """While Redis does not answer as it should, nobody is taken for removed."""
    try:
        return bool(await scope["app"].state.services.tokens.holds(caller.token))
    except REDIS_ERRORS as error:
        logger.warning("redis: %s; tokens are not looked up", error)
        return True
