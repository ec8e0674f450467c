"""The sources: list, add, look at, change, remove."""

import asyncio
import time
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

from api.access.caller import CallerDep
from api.access.purposes import notice
from api.http.problems import MEDIA_TYPE, ProblemError
from api.services import Services, ServicesDep, no_source
from api.sources.requests import NewSource, SourceChange, changed_source, source_from_request
from api.sources.status import SourceStatus
from api.sources.store import add_source_config, change_config, remove_data, wait_for_latecomers
from api.sources.url import UrlError, check_network, without_password
from api.stream.previews import NO_PICTURE
from ingest.bus.keys import SOURCES
from ingest.bus.shards import emptiest
from ingest.bus.source_config import PreviewMode, SourceConfig
from ingest.bus.wire import rfc3339
from ingest.settings import retention

router = APIRouter(prefix="/v1/sources", tags=["sources"])

PICTURE_WAIT = 3.0  # seconds that a picture may take when nobody was watching before

PROBLEM: dict[str, Any] = {"content": {MEDIA_TYPE: {}}}


class Source(BaseModel):
    """A source and how it stands."""

    id: str
    name: str
    url: Annotated[str, Field(description="without its password")]
    rate: float
    purpose: Annotated[str, Field(description="why faces are read")]
    ground: Annotated[str | None, Field(description="what makes that purpose lawful, where it takes one")]
    picture: Annotated[PreviewMode, Field(description="what is shown of it")]
    shard: Annotated[int, Field(description="of the engine that reads it")]
    created_at: str
    state: Annotated[
        str | None, Field(description="connecting live reconnecting ended error; null: not told yet")
    ]
    reason: str
    since: Annotated[str | None, Field(description="when this state, or the trouble it is part of, began")]
    last_reading: Annotated[str | None, Field(description="when the newest face that was read was captured")]
    drop_share: Annotated[float | None, Field(description="of the last minute's frames, 0..1")]


@router.get("")
async def list_sources(services: ServicesDep) -> list[Source]:
    """All sources in the order of their names."""
    configs = sorted(await services.sources(), key=lambda config: config.name.casefold())
    services.statuses.keep([config.id for config in configs])
    statuses = await asyncio.gather(*(services.statuses.status(config) for config in configs))
    return [_shown(config, status) for config, status in zip(configs, statuses, strict=True)]


@router.post("", status_code=201, responses={409: PROBLEM, 422: PROBLEM})
async def add_source(new: NewSource, services: ServicesDep, caller: CallerDep, response: Response) -> Source:
    """Adds a source; ingest begins to read it within a second or two.

    Takes up to 3 s where a source of the same id was removed a moment ago.
    """
    config = source_from_request(new, services.settings)
    await _check_reach(config, services)
    await wait_for_latecomers(services.redis, config.id)
    # Two that are added at the same moment may come to the same shard: the next ones make up for it.
    shard = emptiest(services.settings.shards, await services.sources())
    config = replace(config, created_at=time.time(), shard=shard)
    if not await add_source_config(services.redis, config):
        taken = f"there is a source {config.id!r} already"
        raise ProblemError(409, taken, {"name": f"{taken}: choose another name"})
    await services.audit.note(caller, "source.added", config.id)
    response.headers["Location"] = f"/v1/sources/{config.id}"
    return _shown(config, await services.statuses.status(config))


@router.get("/{id}", responses={404: PROBLEM})
async def get_source(id: str, services: ServicesDep) -> Source:
    """A source, and how it stands."""
    config = await services.known_source(id)
    return _shown(config, await services.statuses.status(config))


@router.patch("/{id}", responses={404: PROBLEM, 409: PROBLEM, 422: PROBLEM})
async def change_source(id: str, change: SourceChange, services: ServicesDep, caller: CallerDep) -> Source:
    """Changes what is given and leaves the rest. Only a new address or rate interrupts the timeline."""
    before = await services.known_source(id)
    config = changed_source(before, change, services.settings)
    if config.url != before.url:
        await _check_reach(config, services)
    await services.audit.note(caller, "source.changed", id)
    if not await change_config(services.redis, before, config):
        raise ProblemError(409, "somebody else changed the source meanwhile: look at it and try again")
    return _shown(config, await services.statuses.status(config))


@router.get("/{id}/notice", response_class=PlainTextResponse, responses={404: PROBLEM})
async def get_notice(id: str, services: ServicesDep) -> PlainTextResponse:
    """What is to be put up where the camera looks: what happens there, why, and whom to ask."""
    return PlainTextResponse(notice(await services.known_source(id), retention()))


@router.delete("/{id}", status_code=204, responses={404: PROBLEM})
async def remove_source(id: str, services: ServicesDep, caller: CallerDep) -> None:
    """Removes a source with all that was stored of it."""
    if not await services.redis.hexists(SOURCES, id):  # it need not be readable
        raise no_source(id)
    await services.audit.note(caller, "source.removed", id)
    await remove_data(services.redis, id)


@router.get(
    "/{id}/preview.jpg",
    response_class=Response,
    responses={404: PROBLEM, 200: {"content": {"image/jpeg": {}}}},
)
async def get_preview(id: str, services: ServicesDep, caller: CallerDep) -> Response:
    """The picture of this moment; its media time in seconds is in the header Media-Time."""
    config = await services.known_source(id)
    if config.picture == "none":
        raise ProblemError(404, NO_PICTURE)
    await services.audit.note(caller, "preview.watched", id)
    preview = await services.previews.newest(config.id, PICTURE_WAIT)
    if preview is None:
        raise ProblemError(404, f"{config.name} gave no picture within {PICTURE_WAIT:g} s")
    headers = {"Cache-Control": "no-store", "Media-Time": f"{preview.media_time / 1e9:.6f}"}
    return Response(preview.jpeg, media_type="image/jpeg", headers=headers)


async def _check_reach(config: SourceConfig, services: Services) -> None:
    try:
        await check_network(config.url, services.settings.networks)
    except UrlError as error:
        raise ProblemError(422, "the source is not valid", {"url": str(error)}) from None


def _shown(config: SourceConfig, status: SourceStatus) -> Source:
    times: dict[str, Any] = {
        "created_at": rfc3339(datetime.fromtimestamp(config.created_at).astimezone()),
        "since": rfc3339(status.since),
        "last_reading": rfc3339(status.last_reading),
    }
    return Source(
        id=config.id,
        name=config.name,
        url=without_password(config.url),
        rate=config.rate,
        purpose=config.purpose,
        ground=config.ground,
        picture=config.picture,
        shard=config.shard,
        state=status.state,
        reason=status.reason,
        drop_share=status.drop_share,
        **times,
    )
