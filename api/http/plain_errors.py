"""Errors that a library sends as plain text, such as those of range requests, as problem details."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import problem_response

KEPT = ("content-range", "allow")  # headers of the plain response


class PlainErrorMiddleware:
    """Turns each error response of the type text/plain into a problem document."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start: Message | None = None  # of a plain error
        text = b""

        async def send_problem(message: Message) -> None:
            nonlocal start, text
            if _starts_plain_error(message):
                start = message
            elif start is None:
                await send(message)
            else:
                text += message.get("body", b"")
                if not message.get("more_body", False):
                    await _problem(start, text.decode(errors="replace"), scope, receive, send)

        await self._app(scope, receive, send_problem)


def _starts_plain_error(message: Message) -> bool:
    if message["type"] != "http.response.start" or message["status"] < 400:
        return False
    return Headers(raw=message["headers"]).get("content-type", "").startswith("text/plain")


async def _problem(start: Message, text: str, scope: Scope, receive: Receive, send: Send) -> None:
    headers = Headers(raw=start["headers"])
    size = headers.get("content-range", "").rpartition("/")[2]
    outside = f"the file has {size} bytes: the range is outside" if size else "the request is refused"
    response = problem_response(start["status"], text or outside)
    response.headers.update({name: headers[name] for name in KEPT if name in headers})
    await response(scope, receive, send)
