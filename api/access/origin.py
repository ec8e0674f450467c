"""What keeps other sites' pages out: the names that are answered to, who may ask, what a page may do.

A page of another site could reach the service through the browser of somebody who works here, in two ways:
by sending requests of its own (refused by their Origin and Sec-Fetch-Site), or by pointing its own host name
at this machine (refused by the Host, where no token is asked for). Where one is asked for, the browser adds
nothing by itself that would let such a request in: there are no cookies, so there is nothing to forge with.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import problem_response
from ingest.settings import is_loopback

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

# No script but the service's own files: none written into a page, none from elsewhere.
POLICY = (
    "default-src 'self'; img-src 'self' blob:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
OVER_TLS = {"Strict-Transport-Security": "max-age=31536000"}  # seconds: a year


class OriginMiddleware:
    """Refuses what another site's page may have sent; puts the security headers on every answer."""

    def __init__(self, app: ASGIApp, *, any_host: bool) -> None:
        """`any_host`: answers to every name, since nobody gets in without a token anyway."""
        self._app = app
        self._any_host = any_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        sending = _with_headers(scope, send)
        if refusal is None:
            await self._app(scope, receive, sending)
        else:
            await problem_response(403, refusal)(scope, receive, sending)

    def _refusal(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._any_host and not is_loopback(_name(host)):
            return f"expected a loopback name in the Host header, actual {host[:80]!r}"
        if not self._any_host and _is_foreign(headers):
            return "expected a request from this service's own pages, actual another site's"
        asks_only = scope["type"] == "http" and scope["method"] in SAFE_METHODS
        origin = headers.get("origin")
        if asks_only or origin is None:  # no Origin: not a browser
            return None
        if origin.partition("://")[2] != host:
            return f"expected a request from this service's own pages, actual origin {origin[:80]!r}"
        return None


def _is_foreign(headers: Headers) -> bool:
    """Whether a browser says that another site's page asks, be it for a picture; following a link is fine."""
    foreign = headers.get("sec-fetch-site") in ("cross-site", "same-site")
    return foreign and headers.get("sec-fetch-mode") != "navigate"


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _with_headers(scope: Scope, send: Send) -> Send:
    # It holds for a host's every port: this machine's own name is not ours alone.
    lasting = scope["scheme"] in ("https", "wss") and not is_loopback(
        _name(Headers(scope=scope).get("host", ""))
    )
    added = HEADERS | (OVER_TLS if lasting else {})
    started = False

    async def sending(message: Message) -> None:
        nonlocal started
        if message["type"] == "websocket.close" and not started:
            # The server would answer with a bare 403: no route is there for this websocket.
            refused = problem_response(404, "there is no such websocket")
            await refused(scope, _nothing, sending)
            return
        started = True
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            headers = MutableHeaders(scope=message)
            for name, value in added.items():
                headers[name] = value
        await send(message)

    return sending


async def _nothing() -> Message:
    return {"type": "websocket.disconnect"}
