"""The API as an ASGI app: REST, websockets and the dashboard, on the data in Redis."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from api.access.authorization import CHECK_INTERVAL, AuthMiddleware
from api.access.origin import OriginMiddleware
from api.app_settings import AppSettings
from api.http.body_limit import BodyLimitMiddleware
from api.http.openapi import complete_openapi
from api.http.plain_errors import PlainErrorMiddleware
from api.http.problems import add_problem_handlers
from api.http.root_path import RootPathMiddleware, checked_root
from api.recordings.retention import apply_retention
from api.routes import access, health, live, metrics, models, recording_data, recordings, sources, timelines
from api.services import make_services
from api.sources.retention import sweep
from api.stream.previews import TIMEOUT as PREVIEW_TIMEOUT
from api.tasks import start, stop
from ingest.bus.connection import connect_async

DASHBOARD = Path(__file__).parent / "dashboard"
OWN_PATHS = {"/v1", "/readyz", "/metrics"}  # besides the public ones
MAX_BROADCASTS = 1000  # sources whose timelines are followed at the same time


def create_app(
    settings: AppSettings,
    *,
    token_check_interval: float = CHECK_INTERVAL,
    preview_timeout: float = PREVIEW_TIMEOUT,
) -> FastAPI:
    """Create the app. It connects to Redis when it starts, and keeps retrying while Redis is away.

    Raises SettingError for a sub-path that it cannot be served at.
    """

    # No interactive documentation: its pages load scripts from other hosts.
    app = Service(
        settings,
        token_check_interval,
        title="mien",
        version="1",
        lifespan=lambda app: _lifespan(app, settings, preview_timeout),
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        generate_unique_id_function=lambda route: route.name,
    )
    app.add_middleware(BodyLimitMiddleware)
    app.add_middleware(PlainErrorMiddleware)
    add_problem_handlers(app)
    for part in (sources, recordings, recording_data, timelines, models, health, metrics, live, access):
        app.include_router(part.router)
    app.mount("/", Dashboard(directory=DASHBOARD, html=True))
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI, settings: AppSettings, preview_timeout: float) -> AsyncIterator[None]:
    async with (
        aclosing(connect_async(settings.redis_url)) as client,
        aclosing(connect_async(settings.redis_url, connections=MAX_BROADCASTS)) as readers,
    ):
        app.state.services = make_services(settings, client, readers, preview_timeout)
        sweeping = start(sweep(client, app.state.services.audit), "deletion of old data")
        tidying = start(apply_retention(client, settings.data), "deletion of old recordings")
        yield
        await stop(sweeping, tidying)


class Service(FastAPI):
    """FastAPI with OriginMiddleware and AuthMiddleware around everything, even around error responses."""

    def __init__(self, settings: AppSettings, token_check_interval: float, **options: Any) -> None:
        super().__init__(**options)
        self._required = settings.tokens == "required"
        self._token_check_interval = token_check_interval
        self._root = checked_root(settings.root_path, OWN_PATHS | public_paths())

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = complete_openapi(super().openapi(), tokens=self._required)
        return self.openapi_schema

    def build_middleware_stack(self) -> ASGIApp:
        app = super().build_middleware_stack()
        authorized = AuthMiddleware(
            app, required=self._required, public=public_paths(), check_interval=self._token_check_interval
        )
        return OriginMiddleware(RootPathMiddleware(authorized, self._root), any_host=self._required)


def public_paths() -> frozenset[str]:
    """Return the paths that need no token: /healthz and the files of the dashboard."""
    files = (path.relative_to(DASHBOARD) for path in DASHBOARD.rglob("*") if path.is_file())
    return frozenset({"/healthz", "/", *(f"/{file.as_posix()}" for file in files)})


class Dashboard(StaticFiles):
    """Files of the dashboard. Browsers revalidate them on each use, so that an update shows at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response
