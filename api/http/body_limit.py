"""How large a request's body may be where it is not a recording on its way in."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import problem_response

LARGEST = 64 * 1024  # bytes; what is sent here names a source or a file
BOUND_THEMSELVES = frozenset({"/v1/recordings/upload"})

TOO_LARGE = f"expected a body of at most {LARGEST} bytes"


class BodyLimitMiddleware:
    """Refuses what is larger: by its announced length at once, else as soon as it has become too much."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in BOUND_THEMSELVES:
            await self._app(scope, receive, send)
        elif int(Headers(scope=scope).get("content-length", "0")) > LARGEST:
            await problem_response(413, TOO_LARGE)(scope, receive, send)
        else:
            await self._app(scope, _counted(receive), send)


def _counted(receive: Receive) -> Receive:
    size = 0

    async def receiving() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > LARGEST:
            raise HTTPException(413, TOO_LARGE)
        return message

    return receiving
