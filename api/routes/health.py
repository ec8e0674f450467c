"""Health of the API, and readiness of each part of the service."""

import asyncio
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from api.app_settings import AppSettings
from api.expiry import MIN_AHEAD
from api.outages import outage
from api.services import ServicesDep
from engine.card import Card, CardMismatchError, read_card
from engine.detectors import detector_card
from engine.labels import KEYPOINTS, LABELS
from ingest.bus.client import AsyncRedis
from ingest.bus.connection import CONNECTION_ERRORS, REDIS_ERRORS
from ingest.bus.heartbeat import HEARTBEAT_TTL, read_heartbeat, send_api_heartbeat
from ingest.bus.keys import AHEAD, PARTS, waiting_key

router = APIRouter(tags=["health"])

RECORDING_PARTS = ("jobs", "disk")  # live sources do not need them
SHARD_LIFETIME = 86_400.0  # seconds; a shard that is silent for longer counts as removed
REDIS_TIMEOUT = 2.0  # seconds


class Part(BaseModel):
    """Readiness of one part of the service."""

    name: str
    ready: bool
    reason: Annotated[str, Field(description="why it is not ready, or a remark; often empty")]


class Readiness(BaseModel):
    """Readiness of the service: true if all parts are ready that live sources need."""

    ready: bool
    parts: list[Part]


@router.get("/healthz")
async def get_health() -> dict[str, str]:
    """Confirm that the API process responds."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"model": Readiness}})
async def get_readiness(services: ServicesDep, response: Response) -> Readiness:
    """Return the readiness of each part; with status 503 if live sources need one that is not ready.

    Only recordings need the parts `jobs` and `disk`, which therefore do not change the status.
    """
    parts = [
        await asyncio.to_thread(check_models, services.settings),
        await asyncio.to_thread(check_disk, services.settings.data, services.settings.limits.reserve),
    ]
    try:
        async with asyncio.timeout(REDIS_TIMEOUT):
            shards = await active_shards(services.redis, services.settings.shards)
            processes = await _check_processes(services.redis, shards)
            parts = [await _check_redis(services.redis), *parts, *processes]
    except (*CONNECTION_ERRORS, TimeoutError) as error:
        reason = f"does not answer: {str(error) or f'no reply within {REDIS_TIMEOUT:g} s'}"
        parts = [Part(name="redis", ready=False, reason=reason), *parts]
    ready = all(part.ready for part in parts if part.name not in RECORDING_PARTS)
    response.status_code = 200 if ready else 503
    return Readiness(ready=ready, parts=parts)


def check_models(settings: AppSettings) -> Part:
    """Check that each network's card and weights exist and fit the engine."""
    cards = (
        lambda: detector_card(settings.detector, settings.models, settings.data),
        lambda: read_card("keypoints", KEYPOINTS, settings.models),
        lambda: read_card("emotion", LABELS, settings.models),
    )
    reasons = [error for card in cards if (error := _card_error(card))]
    return Part(name="models", ready=not reasons, reason="; ".join(reasons))


def check_disk(folder: Path, reserve: int) -> Part:
    """Check that the data folder has more than `reserve` bytes free, as uploads demand."""
    existing = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    free = shutil.disk_usage(existing).free
    if free >= reserve:
        return Part(name="disk", ready=True, reason="")
    reason = f"{free / 1e6:.0f} MB free in the data folder; uploads need {reserve / 1e6:.0f} MB"
    return Part(name="disk", ready=False, reason=reason)


async def active_shards(client: AsyncRedis, configured: int) -> list[int]:
    """Return the first `configured` shards, and all others whose engine was alive within SHARD_LIFETIME."""
    return sorted({*range(configured), *await _recently_alive(client, "engine")})


async def _recently_alive(client: AsyncRedis, name: str) -> set[int]:
    """Return the shards whose part of this name was alive within SHARD_LIFETIME."""
    parts = await client.zrangebyscore(PARTS, time.time() - SHARD_LIFETIME, "+inf")
    names = (part.decode().partition(":") for part in parts)
    return {int(shard) for part, _, shard in names if part == name and shard}


async def _check_redis(client: AsyncRedis) -> Part:
    """Check that Redis accepts writes, which it may refuse although it answers."""
    try:
        await send_api_heartbeat(client)
    except REDIS_ERRORS as error:
        if isinstance(error, CONNECTION_ERRORS) or (reason := outage(error)) is None:
            raise
        return Part(name="redis", ready=False, reason=reason)
    return Part(name="redis", ready=True, reason=await _streams_ahead(client))


async def _streams_ahead(client: AsyncRedis) -> str:
    """Return a sentence if streams are ahead of the clock, "" if none is."""
    seconds, _ = await client.time()
    streams = await client.zrangebyscore(AHEAD, seconds * 1000 + MIN_AHEAD, "+inf")
    if not streams:
        return ""
    farthest = streams[-1].decode()
    ahead = (await client.zscore(AHEAD, farthest) or 0) / 1000 - seconds
    return f"the clock was set back: {len(streams)} streams are ahead of it, {farthest} by {ahead:.0f} s"


async def _check_processes(client: AsyncRedis, shards: Sequence[int]) -> list[Part]:
    engines = [await _check_heartbeat(client, f"engine:{shard}") for shard in shards]
    return [*await _check_ingest(client, shards), *engines, await _check_heartbeat(client, "jobs")]


async def _check_ingest(client: AsyncRedis, shards: Sequence[int]) -> list[Part]:
    """Return one part if one process reads all sources, else one for each shard."""
    single = await _check_heartbeat(client, "ingest")
    if single.ready or not await _recently_alive(client, "ingest"):
        return [single]
    return [await _check_heartbeat(client, f"ingest:{shard}") for shard in shards]


async def _check_heartbeat(client: AsyncRedis, part: str) -> Part:
    note = await read_heartbeat(client, part)
    if note is None:
        return Part(name=part, ready=False, reason=f"silent for more than {HEARTBEAT_TTL} s")
    return Part(name=part, ready=True, reason=await _waiting(client, part) or note)


async def _waiting(client: AsyncRedis, part: str) -> str:
    """Return a sentence while another process waits for the lease of the part, "" otherwise."""
    waiting = await client.get(waiting_key(part))
    return f"another process waits to run it: {waiting.decode().partition('/')[2]}" if waiting else ""


def _card_error(read: Callable[[], Card]) -> str:
    try:
        read()
    except (CardMismatchError, OSError) as error:
        return str(error)
    return ""
