"""The API as an ASGI app: REST, websockets and the dashboard, over what lies in Redis."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from api.access.authorization import AuthMiddleware
from api.access.origin import OriginMiddleware
from api.app_settings import AppSettings
from api.http.body_limit import BodyLimitMiddleware
from api.http.openapi import described
from api.http.problems import add_problem_handlers
from api.recordings.retention import apply_retention
from api.routes import access, health, live, metrics, models, recording_data, recordings, sources, timelines
from api.services import make_services
from api.sources.store import sweep
from api.tasks import start, stop
from ingest.bus.connection import connect_async

DASHBOARD = Path(__file__).parent / "dashboard"
FOLLOWED = 1000  # sources at a time


def create_app(settings: AppSettings) -> FastAPI:
    """The app; it connects when it starts, and goes on trying when Redis is away."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            aclosing(connect_async(settings.redis_url)) as client,
            aclosing(connect_async(settings.redis_url, connections=FOLLOWED)) as readers,
        ):
            app.state.services = make_services(settings, client, readers)
            sweeping = start(sweep(client, app.state.services.audit), "the deletion of old data")
            tidying = start(apply_retention(client, settings.data), "the deletion of old recordings")
            yield
            await stop(sweeping, tidying)

    # Its interactive pages would load scripts from elsewhere.
    app = Service(
        settings,
        title="mien",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        generate_unique_id_function=lambda route: route.name,
    )
    app.add_middleware(BodyLimitMiddleware)
    add_problem_handlers(app)
    for part in (sources, recordings, recording_data, timelines, models, health, metrics, live, access):
        app.include_router(part.router)
    app.mount("/", Dashboard(directory=DASHBOARD, html=True))
    return app


class Service(FastAPI):
    """The app behind its guard and its gate, which stand before everything, answers to faults included."""

    def __init__(self, settings: AppSettings, **options: Any) -> None:
        super().__init__(**options)
        self._required = settings.tokens == "required"

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = described(super().openapi(), tokens=self._required)
        return self.openapi_schema

    def build_middleware_stack(self) -> ASGIApp:
        gate = AuthMiddleware(
            super().build_middleware_stack(), required=self._required, public=public_paths()
        )
        return OriginMiddleware(gate, any_host=self._required)


def public_paths() -> frozenset[str]:
    """What needs no token: whether the process lives, and the page that asks for a token."""
    files = (path.relative_to(DASHBOARD) for path in DASHBOARD.rglob("*") if path.is_file())
    return frozenset({"/healthz", "/", *(f"/{file.as_posix()}" for file in files)})


class Dashboard(StaticFiles):
    """The page's files, which browsers check for news each time, so that an update shows at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response
