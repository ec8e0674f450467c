"""The sub-path at which a reverse proxy serves the service, such as /mien.

Some proxies remove it from the path of a request, others pass it on; all routes see the path without it.
"""

from collections.abc import Iterable

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ingest.environment import SettingError


class RootPathMiddleware:
    """Removes the sub-path from the path of each request and websocket, and stores it as `root_path`."""

    def __init__(self, app: ASGIApp, root: str) -> None:
        """`root`: "" or a path that begins with a slash and ends without one."""
        self._app = app
        self._root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._root or scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif scope["path"] == self._root:
            # Links of the pages are relative: they need the slash.
            await RedirectResponse(f"{self._root}/")(scope, receive, send)
        else:
            scope["root_path"] = self._root
            scope["path"] = without_root(scope["path"], self._root)
            await self._app(scope, receive, send)


def without_root(path: str, root: str) -> str:
    """Return the path as the routes know it, whether it begins with the sub-path or not."""
    return path.removeprefix(root) if path.startswith(f"{root}/") else path


def checked_root(root: str, paths: Iterable[str]) -> str:
    """Return the sub-path. Raises SettingError where a path of the service begins with the same name.

    Behind a proxy that removes the sub-path, /live/main.js would be ambiguous with /live as sub-path.
    """
    first = root.split("/")[1] if root else ""
    if first and any(path.split("/")[1] == first for path in paths):
        raise SettingError(f"MIEN_ROOT_PATH must not begin with a path of the service itself, got {root!r}")
    return root
