"""Whether the service is up, and whether each of its parts is ready and if not why."""

import asyncio
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from api.app_settings import AppSettings
from api.outages import outage
from api.services import ServicesDep
from engine.card import Card, CardMismatchError, read_card
from engine.detectors import detector_card
from engine.labels import KEYPOINTS, LABELS
from ingest.bus.client import AsyncRedis
from ingest.bus.connection import CONNECTION_ERRORS, REDIS_ERRORS
from ingest.bus.heartbeat import HEARTBEAT_TTL, read_heartbeat, send_api_heartbeat
from ingest.bus.keys import PARTS

router = APIRouter(tags=["health"])

FOR_RECORDINGS = ("jobs", "disk")  # parts that live sources do not need
FORGOTTEN_AFTER = 86_400.0  # seconds; a shard that is silent for longer was taken away on purpose
PATIENCE = 2.0  # seconds that Redis may take to answer


class Part(BaseModel):
    """One part of the service."""

    name: str
    ready: bool
    reason: Annotated[str, Field(description="in words; empty where there is nothing to say")]


class Readiness(BaseModel):
    """Ready when each part is that live sources need."""

    ready: bool
    parts: list[Part]


@router.get("/healthz")
async def get_health() -> dict[str, str]:
    """This process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"model": Readiness}})
async def get_readiness(services: ServicesDep, response: Response) -> Readiness:
    """Each part with its reason; 503 when one that live sources need is not ready.

    Recordings need the parts `jobs` and `disk` as well: those are told, and leave live sources alone.
    """
    parts = [
        await asyncio.to_thread(check_models, services.settings),
        await asyncio.to_thread(check_disk, services.settings.data, services.settings.limits.reserve),
    ]
    try:
        async with asyncio.timeout(PATIENCE):
            living = await _living(services.redis, await shards_of(services.redis, services.settings.shards))
            parts = [await _written_to(services.redis), *parts, *living]
    except (*CONNECTION_ERRORS, TimeoutError) as error:
        reason = f"does not answer: {str(error) or f'nothing within {PATIENCE:g} s'}"
        parts = [Part(name="redis", ready=False, reason=reason), *parts]
    ready = all(part.ready for part in parts if part.name not in FOR_RECORDINGS)
    response.status_code = 200 if ready else 503
    return Readiness(ready=ready, parts=parts)


def check_models(settings: AppSettings) -> Part:
    """Whether each network's card and weights are there, and such as the engine takes."""
    cards = (
        lambda: detector_card(settings.detector, settings.models, settings.data),
        lambda: read_card("keypoints", KEYPOINTS, settings.models),
        lambda: read_card("emotion", LABELS, settings.models),
    )
    reasons = [flaw for card in cards if (flaw := _flaw(card))]
    return Part(name="models", ready=not reasons, reason="; ".join(reasons))


def check_disk(folder: Path, reserve: int) -> Part:
    """Whether the data folder has room for more recordings than the `reserve` (bytes) that is kept free."""
    existing = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    free = shutil.disk_usage(existing).free
    if free >= reserve:
        return Part(name="disk", ready=True, reason="")
    told = f"expected {reserve / 1e6:.0f} MB free in the data folder, actual {free / 1e6:.0f}"
    return Part(name="disk", ready=False, reason=f"{told}: uploads are refused")


async def shards_of(client: AsyncRedis, configured: int) -> list[int]:
    """The shards that are `configured`, and every other one whose engine was alive within FORGOTTEN_AFTER."""
    return sorted({*range(configured), *await _lately(client, "engine")})


async def _lately(client: AsyncRedis, name: str) -> set[int]:
    """The shards of which a part of this name was alive within FORGOTTEN_AFTER."""
    parts = await client.zrangebyscore(PARTS, time.time() - FORGOTTEN_AFTER, "+inf")
    names = (part.decode().partition(":") for part in parts)
    return {int(shard) for found, _, shard in names if found == name and shard}


async def _written_to(client: AsyncRedis) -> Part:
    """Whether Redis takes what is written; it may answer and yet refuse that."""
    try:
        await send_api_heartbeat(client)
    except REDIS_ERRORS as error:
        if isinstance(error, CONNECTION_ERRORS) or (reason := outage(error)) is None:
            raise
        return Part(name="redis", ready=False, reason=reason)
    return Part(name="redis", ready=True, reason="")


async def _living(client: AsyncRedis, shards: Sequence[int]) -> list[Part]:
    engines = [await _heard(client, f"engine:{shard}") for shard in shards]
    return [*await _ingest(client, shards), *engines, await _heard(client, "jobs")]


async def _ingest(client: AsyncRedis, shards: Sequence[int]) -> list[Part]:
    """One part where a process keeps all sources, else one a shard."""
    everywhere = await _heard(client, "ingest")
    if everywhere.ready or not await _lately(client, "ingest"):
        return [everywhere]
    return [await _heard(client, f"ingest:{shard}") for shard in shards]


async def _heard(client: AsyncRedis, part: str) -> Part:
    note = await read_heartbeat(client, part)
    if note is None:
        return Part(name=part, ready=False, reason=f"silent for more than {HEARTBEAT_TTL} s")
    return Part(name=part, ready=True, reason=note)


def _flaw(read: Callable[[], Card]) -> str:
    try:
        read()
    except (CardMismatchError, OSError) as error:
        return str(error)
    return ""
