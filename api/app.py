"""The API as an ASGI app: REST, websockets and the dashboard, over what lies in Redis."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api import health, live, models, recording_data, recordings, sources, timelines
from api.access.gate import Gate
from api.access.guard import Guard
from api.problems import add_problem_handlers
from api.removal import sweep
from api.services import make_services
from api.settings import Settings
from api.stopping import stop
from ingest.bus import connect_async

DASHBOARD = Path(__file__).parent / "dashboard"


def create_app(settings: Settings) -> FastAPI:
    """The app; it connects when it starts, and goes on trying when Redis is away."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with connect_async(settings.redis_url) as client:
            app.state.services = make_services(settings, client)
            sweeping = asyncio.create_task(sweep(client))
            yield
            await stop(sweeping)

    # Its interactive pages would load scripts from elsewhere.
    app = FastAPI(
        title="mien",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
    )
    app.add_middleware(Gate)
    app.add_middleware(Guard)
    add_problem_handlers(app)
    for part in (sources, recordings, recording_data, timelines, models, health, live):
        app.include_router(part.router)
    app.mount("/", Dashboard(directory=DASHBOARD, html=True))
    return app


class Dashboard(StaticFiles):
    """The page's files, which browsers check for news each time, so that an update shows at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response
