"""Size limit for the bodies of all requests except uploads."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import problem_response

MAX_BODY_SIZE = 64 * 1024  # bytes; bodies are small JSON objects
UNLIMITED_PATHS = frozenset({"/v1/recordings/upload"})  # which has its own limit

TOO_LARGE = f"the body must have at most {MAX_BODY_SIZE} bytes"


class BodyLimitMiddleware:
    """Refuses larger bodies: at once by their Content-Length, else when the limit is exceeded."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in UNLIMITED_PATHS:
            await self._app(scope, receive, send)
        elif int(Headers(scope=scope).get("content-length", "0")) > MAX_BODY_SIZE:
            await problem_response(413, TOO_LARGE)(scope, receive, send)
        else:
            await self._app(scope, _limited(receive), send)


def _limited(receive: Receive) -> Receive:
    size = 0

    async def receive_limited() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MAX_BODY_SIZE:
            raise HTTPException(413, TOO_LARGE)
        return message

    return receive_limited
