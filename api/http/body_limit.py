"""Limits of size and time for the bodies of all requests except uploads, which have their own."""

import asyncio

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import problem_response

MAX_BODY_SIZE = 64 * 1024  # bytes; bodies are small JSON objects
BODY_TIMEOUT = 10.0  # seconds from the head of a request to the end of its body
UNLIMITED_PATHS = frozenset({"/v1/recordings/upload"})  # which has its own limits

TOO_LARGE = f"the body must have at most {MAX_BODY_SIZE} bytes"
TOO_SLOW = f"the body must arrive within {BODY_TIMEOUT:g} s"


class BodyLimitMiddleware:
    """Refuses larger bodies, at once if their Content-Length says so, and slower ones."""

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
    size, complete = 0, False
    deadline = asyncio.get_running_loop().time() + BODY_TIMEOUT

    async def receive_limited() -> Message:
        nonlocal size, complete
        if complete:  # it waits for the client to disconnect
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, TOO_SLOW, headers={"Connection": "close"}) from None
        size += len(message.get("body", b""))
        complete = not message.get("more_body", False)
        if size > MAX_BODY_SIZE:
            raise HTTPException(413, TOO_LARGE)
        return message

    return receive_limited
