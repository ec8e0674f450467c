"""Authentication and authorization of every request and websocket, before any route is reached.

    token or ticket ──▶ Caller ──▶ scope against method ──▶ the route

Reading needs the scope `view`, everything else `operate`. /healthz and the dashboard's files need no token.
"""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from api.access.caller import LOCAL, NEEDS_OPERATE, Caller
from api.access.tickets import SOCKETS
from api.access.validity import Validity, receiving_while, sending_while
from api.http.peer import authorize_connection
from api.http.problems import problem_response
from api.outages import outage
from api.stream.messages import FORBIDDEN, TRY_LATER, UNAUTHORIZED, error
from ingest.bus.connection import REDIS_ERRORS

READ_METHODS = ("GET", "HEAD")
TICKETS_PATH = "/v1/tickets"  # a POST that viewers may send: it changes nothing
CHECK_INTERVAL = 5.0  # seconds between two checks of the token that opened a websocket

NEEDS_TOKEN = (
    "no token given: send the header Authorization: Bearer TOKEN, or a ticket from a browser; "
    "see docs/operations.md"
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused connection: the status of a request, the error code and close code of a websocket."""

    status: int
    code: str
    close: int
    detail: str


NO_TOKEN = Refusal(401, "unauthorized", UNAUTHORIZED, NEEDS_TOKEN)
UNKNOWN_TOKEN = Refusal(401, "unauthorized", UNAUTHORIZED, "unknown or removed token")
BAD_TICKET = Refusal(
    401, "unauthorized", UNAUTHORIZED, "the ticket is expired, used, or for another path: request a new one"
)
NOT_OPERATOR = Refusal(403, "forbidden", FORBIDDEN, NEEDS_OPERATE)
REMOVED_TOKEN = Refusal(401, "unauthorized", UNAUTHORIZED, "the token was removed")


class AuthMiddleware:
    """Identifies the caller, stores it in the connection's state, and refuses callers without permission."""

    def __init__(
        self, app: ASGIApp, *, required: bool, public: frozenset[str], check_interval: float = CHECK_INTERVAL
    ) -> None:
        """Without `required` every caller is LOCAL. `public`: paths that can be read without a token."""
        self._app = app
        self._required = required
        self._public = public
        self._check_interval = check_interval

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        ticket = _pop_ticket(scope)
        if not self._required:
            scope.setdefault("state", {})["caller"] = LOCAL
            await self._app(scope, receive, _authorizing(scope, send))
        elif scope["type"] == "http" and scope["method"] in READ_METHODS and scope["path"] in self._public:
            await self._app(scope, receive, send)
        else:
            await self._authorize(scope, receive, send, ticket)

    async def _authorize(self, scope: Scope, receive: Receive, send: Send, ticket: str | None) -> None:
        try:
            caller = await _identify(scope, ticket)
        except REDIS_ERRORS as fault:
            if (reason := outage(fault)) is None:
                raise
            await _refuse(_unavailable(reason), scope, receive, send)
            return
        if caller is None:
            await _refuse(_unidentified(scope, ticket), scope, receive, send)
        elif caller.scope != "operate" and _needs_operate(scope):
            await _refuse(NOT_OPERATOR, scope, receive, send)
        else:
            scope.setdefault("state", {})["caller"] = caller
            authorize_connection(scope)
            valid = Validity(scope["app"].state.services.tokens, caller, self._check_interval)
            if scope["type"] == "websocket":
                await self._app(scope, receive, _websocket_while(valid, scope, send))
            else:
                receive, send = receiving_while(valid, scope, receive), sending_while(valid, scope, send)
                await self._app(scope, receive, send)


def _websocket_while(valid: Validity, scope: Scope, send: Send) -> Send:
    """Wrap a websocket's `send` so that it closes the websocket once the token is removed."""

    async def send_while_valid(message: Message) -> None:
        if not await valid.lasts():
            match = SOCKETS.fullmatch(scope["path"])
            await _close(REMOVED_TOKEN, match[1] if match else "", send)
            raise WebSocketDisconnect(REMOVED_TOKEN.close)
        await send(message)

    return send_while_valid


def _authorizing(scope: Scope, send: Send) -> Send:
    """Wrap `send` of a caller without a token: its connection is anonymous until its request is answered."""
    started = False

    async def send_and_authorize(message: Message) -> None:
        nonlocal started
        if not started:
            started = True
            authorize_connection(scope)
        await send(message)

    return send_and_authorize


def _unavailable(reason: str) -> Refusal:
    return Refusal(503, "unavailable", TRY_LATER, f"{reason}; try again in a few seconds")


def _needs_operate(scope: Scope) -> bool:
    return bool(
        scope["type"] == "http" and scope["method"] not in READ_METHODS and scope["path"] != TICKETS_PATH
    )


async def _identify(scope: Scope, ticket: str | None) -> Caller | None:
    """Return the owner of a valid token or ticket, else None. Raises redis-py's errors."""
    services = scope["app"].state.services
    if (text := _bearer(scope)) is not None:
        token = await services.tokens.find(text)
        return token.caller() if token else None
    if ticket is None or (scope["type"] == "http" and scope["method"] not in READ_METHODS):
        return None
    caller = await services.tickets.redeem(ticket, scope["type"], scope["path"])
    return caller if caller and await services.tokens.contains(caller.token) else None


def _bearer(scope: Scope) -> str | None:
    """Return the text of the token in the header Authorization, valid or not."""
    kind, _, text = Headers(scope=scope).get("authorization", "").partition(" ")
    return text.strip() or None if kind.lower() == "bearer" else None


def _unidentified(scope: Scope, ticket: str | None) -> Refusal:
    if _bearer(scope) is not None:
        return UNKNOWN_TOKEN
    return NO_TOKEN if ticket is None else BAD_TICKET


def _pop_ticket(scope: Scope) -> str | None:
    """Take the ticket out of the query, so that nothing behind this middleware sees or logs it."""
    if b"ticket=" not in scope["query_string"]:
        return None
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    scope["query_string"] = urlencode([pair for pair in pairs if pair[0] != "ticket"]).encode()
    return next((value for name, value in pairs if name == "ticket"), None)


async def _refuse(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    match = SOCKETS.fullmatch(scope["path"]) if scope["type"] == "websocket" else None
    if match is None:
        await _response(refusal)(scope, receive, send)
        return
    await receive()  # websocket.connect
    await send({"type": "websocket.accept"})
    await _close(refusal, match[1], send)


def _response(refusal: Refusal) -> Response:
    response = problem_response(refusal.status, refusal.detail)
    if refusal.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


async def _close(refusal: Refusal, source: str, send: Send) -> None:
    """Send the reason on the open websocket: a browser's script sees nothing of a refused handshake."""
    await send({"type": "websocket.send", "text": error(source[:80], refusal.code, refusal.detail)})
    await send({"type": "websocket.close", "code": refusal.close})
