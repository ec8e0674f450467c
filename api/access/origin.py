"""Protection from other sites' pages: checks of Host and Origin, and the security headers.

A page of another site could reach the service through a user's browser in two ways: by sending requests
(refused by their Origin and Sec-Fetch-Site), or by pointing its own host name at this machine (DNS rebinding,
refused by the Host where tokens are not required). Where tokens are required, a forged request carries none:
the service sets no cookies that a browser would add by itself.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import problem_response
from ingest.network.allowlist import is_loopback

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

# Scripts only from the service's own files: no inline scripts, none from other hosts.
CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' blob:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
TLS_HEADERS = {"Strict-Transport-Security": "max-age=31536000"}  # seconds: a year


class OriginMiddleware:
    """Refuses requests from other sites' pages, and adds the security headers to every response."""

    def __init__(self, app: ASGIApp, *, any_host: bool) -> None:
        """`any_host`: accept every Host, because each request needs a token anyway."""
        self._app = app
        self._any_host = any_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        send = _with_headers(scope, send)
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await problem_response(403, refusal)(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._any_host and not is_loopback(_host_name(host)):
            return f"the Host header must be a loopback name such as localhost, got {host[:80]!r}"
        if not self._any_host and _is_cross_site(headers):
            return "requests from other sites' pages are refused"
        is_safe = scope["type"] == "http" and scope["method"] in SAFE_METHODS
        origin = headers.get("origin")
        if is_safe or origin is None:  # programs other than browsers send no Origin
            return None
        if origin.partition("://")[2] != host:
            return f"requests from other sites' pages are refused, got the Origin {origin[:80]!r}"
        return None


def _is_cross_site(headers: Headers) -> bool:
    """Check for a browser's request from another site's page; following a link from there is allowed."""
    from_other_site = headers.get("sec-fetch-site") in ("cross-site", "same-site")
    return from_other_site and headers.get("sec-fetch-mode") != "navigate"


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _with_headers(scope: Scope, send: Send) -> Send:
    # HSTS applies to all ports of a host, and other services may use the loopback names.
    use_hsts = scope["scheme"] in ("https", "wss") and not is_loopback(
        _host_name(Headers(scope=scope).get("host", ""))
    )
    added = SECURITY_HEADERS | (TLS_HEADERS if use_hsts else {})
    started = False

    async def send_with_headers(message: Message) -> None:
        nonlocal started
        if message["type"] == "websocket.close" and not started:
            # No route matches this websocket. By itself the server would respond with a 403 without a body.
            not_found = problem_response(404, "there is no such websocket")
            await not_found(scope, _disconnected, send_with_headers)
            return
        started = True
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            headers = MutableHeaders(scope=message)
            for name, value in added.items():
                headers[name] = value
        await send(message)

    return send_with_headers


async def _disconnected() -> Message:
    return {"type": "websocket.disconnect"}
