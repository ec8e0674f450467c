"""The sources: list, add, look at, remove."""

import asyncio
import hashlib
import re
import time
import unicodedata
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from api.access.locations import FORMS, LocationError, checked_location, without_password
from api.overview import Standing
from api.problems import MEDIA_TYPE, ProblemError
from api.removal import add_afresh, remove_data, wait_for_latecomers
from api.services import Here, Services, no_source
from ingest.bus import SOURCES
from ingest.configured import SourceConfig, usable_config
from ingest.wire import rfc3339

router = APIRouter(prefix="/v1/sources", tags=["sources"])

LONGEST_ID = 60  # characters
PICTURE_WAIT = 3.0  # seconds that a picture may take when nobody was watching before

PROBLEM: dict[str, Any] = {"content": {MEDIA_TYPE: {}}}


class NewSource(BaseModel):
    """What it takes to add a source."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"name": "Lobby", "url": "rtsp://192.0.2.7/stream1", "rate": 10}},
    )

    name: Annotated[str, Field(min_length=1, max_length=80, description="for people; the id is made of it")]
    url: Annotated[str, Field(description=f"one of {FORMS}")]
    rate: Annotated[float, Field(gt=0, le=60, allow_inf_nan=False, description="readings a second")] = 10.0


class Source(BaseModel):
    """A source and how it stands."""

    id: str
    name: str
    url: Annotated[str, Field(description="without its password")]
    rate: float
    created_at: str
    state: Annotated[
        str | None, Field(description="connecting live reconnecting ended error; null: not told yet")
    ]
    reason: str
    since: Annotated[str | None, Field(description="when this state, or the trouble it is part of, began")]
    last_reading: Annotated[str | None, Field(description="when the newest face that was read was captured")]
    drop_share: Annotated[float | None, Field(description="of the last minute's frames, 0..1")]


@router.get("")
async def list_sources(here: Here) -> list[Source]:
    """All sources in the order of their names."""
    entries = (await here.redis.hgetall(SOURCES)).items()
    usable = (usable_config(id.decode(), text) for id, text in entries)
    configs = sorted(filter(None, usable), key=lambda config: config.name.casefold())
    here.overview.keep([config.id for config in configs])
    standings = await asyncio.gather(*(here.overview.standing(config) for config in configs))
    return [_shown(config, standing) for config, standing in zip(configs, standings, strict=True)]


@router.post("", status_code=201, responses={409: PROBLEM, 422: PROBLEM})
async def add_source(new: NewSource, here: Here, response: Response) -> Source:
    """Adds a source; ingest begins to read it within a second or two.

    Takes up to 3 s where a source of the same id was removed a moment ago.
    """
    config = _checked(new, here)
    await wait_for_latecomers(here.redis, config.id)
    config = replace(config, created_at=time.time())
    if not await add_afresh(here.redis, config):
        taken = f"there is a source {config.id!r} already"
        raise ProblemError(409, taken, {"name": f"{taken}: choose another name"})
    response.headers["Location"] = f"/v1/sources/{config.id}"
    return _shown(config, await here.overview.standing(config))


@router.get("/{id}", responses={404: PROBLEM})
async def get_source(id: str, here: Here) -> Source:
    config = await here.known_source(id)
    return _shown(config, await here.overview.standing(config))


@router.delete("/{id}", status_code=204, responses={404: PROBLEM})
async def remove_source(id: str, here: Here) -> None:
    """Removes a source with all that was stored of it."""
    if not await here.redis.hexists(SOURCES, id):  # it need not be readable
        raise no_source(id)
    await remove_data(here.redis, id)


@router.get(
    "/{id}/preview.jpg",
    response_class=Response,
    responses={404: PROBLEM, 200: {"content": {"image/jpeg": {}}}},
)
async def get_preview(id: str, here: Here) -> Response:
    """The picture of this moment; its media time in seconds is in the header Media-Time."""
    config = await here.known_source(id)
    picture = await here.pictures.newest(config.id, PICTURE_WAIT)
    if picture is None:
        raise ProblemError(404, f"{config.name} gave no picture within {PICTURE_WAIT:g} s")
    headers = {"Cache-Control": "no-store", "Media-Time": f"{picture.media_time / 1e9:.6f}"}
    return Response(picture.jpeg, media_type="image/jpeg", headers=headers)


def slug(name: str) -> str:
    """The id made of a name: lower-case letters and digits, with hyphens between them."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    made = "-".join(re.findall(r"[a-z0-9]+", plain))[:LONGEST_ID].strip("-")
    return made or f"source-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _checked(new: NewSource, here: Services) -> SourceConfig:
    """Raises a 422 problem that names each field that is wrong."""
    errors: dict[str, str] = {}
    name = " ".join(new.name.split())
    if not name or not name.isprintable():
        errors["name"] = "expected a name of printable characters"
    url = ""
    try:
        url = checked_location(new.url, here.settings.media)
    except LocationError as error:
        errors["url"] = str(error)
    if errors:
        raise ProblemError(422, "the source is not valid", errors)
    return SourceConfig(id=slug(name), name=name, url=url, rate=new.rate, created_at=time.time())


def _shown(config: SourceConfig, standing: Standing) -> Source:
    times: dict[str, Any] = {
        "created_at": rfc3339(datetime.fromtimestamp(config.created_at).astimezone()),
        "since": rfc3339(standing.since),
        "last_reading": rfc3339(standing.last_reading),
    }
    return Source(
        id=config.id,
        name=config.name,
        url=without_password(config.url),
        rate=config.rate,
        state=standing.state,
        reason=standing.reason,
        drop_share=standing.drop_share,
        **times,
    )
