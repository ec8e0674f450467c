"""Sources: list, add, show, change and remove them."""

import asyncio
import time
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

from api.access.caller import CallerDep
from api.access.purposes import notice
from api.display_fields import ASPECT, TURN
from api.http.problems import ProblemError, problems
from api.services import Services, ServicesDep, no_source, stored_wrongly
from api.sources.requests import NewSource, SourceChange, changed_source, source_from_request
from api.sources.status import SourceStatus
from api.sources.store import add_source_config, change_config, remove_source_config, wait_for_removal
from api.sources.url import UrlError, check_network, without_password
from api.stream.previews import NO_PICTURE
from ingest.bus.keys import SOURCES
from ingest.bus.shards import emptiest
from ingest.bus.source_config import PreviewMode, SourceConfig
from ingest.bus.wire import rfc3339
from ingest.picture.options import Turn
from ingest.settings import retention

router = APIRouter(prefix="/v1/sources", tags=["sources"])


class Source(BaseModel):
    """A source with its configuration and status."""

    id: str
    name: str
    url: Annotated[str, Field(description="stars replace its secrets")]
    rate: float
    purpose: Annotated[str, Field(description="purpose of reading faces")]
    ground: Annotated[str | None, Field(description="lawful ground, for purposes that need one")]
    picture: Annotated[PreviewMode, Field(description="visibility of the live picture")]
    turn: Annotated[Turn, Field(description=TURN)]
    aspect: Annotated[str | None, Field(description=ASPECT)]
    shard: Annotated[int, Field(description="shard of the engine that reads it")]
    created_at: str
    state: Annotated[
        str | None, Field(description="connecting live reconnecting ended error, or null before the first")
    ]
    reason: str
    since: Annotated[str | None, Field(description="start of this state or of the whole failure")]
    last_reading: Annotated[str | None, Field(description="capture time of the newest reading")]
    drop_share: Annotated[float | None, Field(description="dropped share of the last minute's frames, 0..1")]


@router.get("")
async def list_sources(services: ServicesDep) -> list[Source]:
    """Return all sources, sorted by name; last those whose stored configuration is invalid."""
    configs = sorted(await services.sources(), key=lambda config: config.name.casefold())
    services.statuses.retain([config.id for config in configs])
    statuses = await asyncio.gather(*(services.statuses.status(config) for config in configs))
    shown = [_shown(config, status) for config, status in zip(configs, statuses, strict=True)]
    return shown + [_shown(config, _invalid(reason)) for config, reason in await services.invalid_sources()]


@router.post("", status_code=201, responses=problems(409, 422))
async def add_source(new: NewSource, services: ServicesDep, caller: CallerDep, response: Response) -> Source:
    """Add a source. Reading begins within two seconds.

    The request takes up to 3 s if a source with the same id was removed just before.
    """
    config = source_from_request(new, services.settings)
    await _check_network(config, services)
    await wait_for_removal(services.redis, config.id)
    # Two sources that are added at the same moment may get the same shard; later ones restore the balance.
    shard = emptiest(services.settings.shards, await services.sources())
    config = replace(config, created_at=time.time(), shard=shard)
    if await services.redis.hexists(SOURCES, config.id):
        raise _taken(config.id)
    await services.audit.record(caller, "source.added", config.id)
    if not await add_source_config(services.redis, config):
        raise _taken(config.id)  # another request was faster
    response.headers["Location"] = f"{services.settings.root_path}/v1/sources/{config.id}"
    return _shown(config, await services.statuses.status(config))


@router.get("/{id}", responses=problems(404))
async def get_source(id: str, services: ServicesDep) -> Source:
    """Return a source with its configuration and status."""
    config = await services.known_source(id)
    return _shown(config, await services.statuses.status(config))


@router.patch("/{id}", responses=problems(404, 409, 422))
async def change_source(id: str, change: SourceChange, services: ServicesDep, caller: CallerDep) -> Source:
    """Change the given fields. Only a new address, rate, turn or aspect interrupts the timeline."""
    before = await services.known_source(id)
    config = changed_source(before, change, services.settings)
    if config.url != before.url:
        await _check_network(config, services)
    await services.audit.record(caller, "source.changed", id)
    if not await change_config(services.redis, before, config):
        raise ProblemError(409, "the source was changed by another request: reload it and try again")
    return _shown(config, await services.statuses.status(config))


@router.get("/{id}/notice", response_class=PlainTextResponse, responses=problems(404))
async def get_notice(id: str, services: ServicesDep) -> PlainTextResponse:
    """Return the notice to put up in view of the camera: what happens, why, and the contact."""
    return PlainTextResponse(notice(await services.known_source(id), retention()))


@router.delete("/{id}", status_code=204, responses=problems(404))
async def remove_source(id: str, services: ServicesDep, caller: CallerDep) -> None:
    """Remove a source and all of its stored data."""
    if not await services.redis.hexists(SOURCES, id):  # also one that cannot be decoded
        raise no_source(id)
    await services.audit.record(caller, "source.removed", id)
    await remove_source_config(services.redis, id)


@router.get(
    "/{id}/preview.jpg",
    response_class=Response,
    responses=problems(404) | {200: {"content": {"image/jpeg": {}}}},
)
async def get_preview(id: str, services: ServicesDep, caller: CallerDep) -> Response:
    """Return the current picture as JPEG, with its media time in seconds in the header Media-Time."""
    config = await services.known_source(id)
    if config.picture == "none":
        raise ProblemError(404, NO_PICTURE)
    await services.audit.record(caller, "preview.watched", id)
    preview = await services.previews.newest(config.id)
    if preview is None:
        raise ProblemError(404, f"{config.name} delivered no picture within {services.previews.timeout:g} s")
    headers = {"Cache-Control": "no-store", "Media-Time": f"{preview.media_time / 1e9:.6f}"}
    return Response(preview.jpeg, media_type="image/jpeg", headers=headers)


def _invalid(reason: str) -> SourceStatus:
    """Return the status of a source that is not read, because its stored configuration is invalid."""
    return SourceStatus("error", stored_wrongly(reason), since=None, last_reading=None, drop_share=None)


def _taken(id: str) -> ProblemError:
    taken = f"the source {id!r} already exists"
    return ProblemError(409, taken, {"name": f"{taken}: choose another name"})


async def _check_network(config: SourceConfig, services: Services) -> None:
    try:
        await check_network(config.url, services.settings.networks)
    except UrlError as error:
        raise ProblemError(422, "the source is invalid", {"url": str(error)}) from None


def _shown(config: SourceConfig, status: SourceStatus) -> Source:
    shown: dict[str, Any] = {
        "url": without_password(config.url),
        "created_at": rfc3339(datetime.fromtimestamp(config.created_at, UTC)),
        "since": rfc3339(status.since),
        "last_reading": rfc3339(status.last_reading),
    }
    return Source(**(asdict(config) | asdict(status) | shown))
