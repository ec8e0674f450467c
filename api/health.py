"""Whether the service is up, whether each of its parts is ready and if not why, and its counters."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from api.services import Here
from engine.card import CardMismatchError, read_card
from engine.labels import KEYPOINTS, LABELS, LANDMARKS
from ingest.bus import BEATS_FOR, LOST, SOURCES, beat_key, dropped_key

router = APIRouter(tags=["health"])

NETWORKS = {"detector": LANDMARKS, "keypoints": KEYPOINTS, "emotion": LABELS}  # and their outputs
LIVING = ("ingest", "engine:0")  # what says on the bus that it is alive
PATIENCE = 2.0  # seconds that Redis may take to answer


class Part(BaseModel):
    """One part of the service."""

    name: str
    ready: bool
    reason: Annotated[str, Field(description="in words; empty where there is nothing to say")]


class Readiness(BaseModel):
    """Ready when each part is."""

    ready: bool
    parts: list[Part]


@router.get("/healthz")
async def get_health() -> dict[str, str]:
    """This process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"model": Readiness}})
async def get_readiness(here: Here, response: Response) -> Readiness:
    """Redis, the networks' files, the engine and ingest, each with its reason; 503 when one is not ready."""
    parts = [await asyncio.to_thread(check_models, here.settings.models)]
    try:
        async with asyncio.timeout(PATIENCE):
            await here.redis.ping()
            living = [await _living(here.redis, part) for part in LIVING]
        parts = [Part(name="redis", ready=True, reason=""), *parts, *living]
    except (*LOST, TimeoutError) as error:
        reason = f"does not answer: {str(error) or f'nothing within {PATIENCE:g} s'}"
        parts = [Part(name="redis", ready=False, reason=reason), *parts]
    ready = all(part.ready for part in parts)
    response.status_code = 200 if ready else 503
    return Readiness(ready=ready, parts=parts)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def get_metrics(here: Here) -> Response:
    """This process's counters, and each source's, in Prometheus' text format."""
    counters = here.feeds.counters
    lines = [
        *_metric("clients", "gauge", "Websocket clients that follow a source.", counters.clients),
        *_metric("messages_total", "counter", "Messages sent to clients.", counters.delivered),
        *_metric("messages_missed_total", "counter", "Messages that slow clients missed.", counters.missed),
        *await _dropped(here.redis),
    ]
    return Response("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4")


def check_models(folder: Path) -> Part:
    """Whether each network's card and weights are there, and such as the engine takes."""
    reasons = [flaw for name, outputs in NETWORKS.items() if (flaw := _flaw(name, outputs, folder))]
    return Part(name="models", ready=not reasons, reason="; ".join(reasons))


def _flaw(name: str, outputs: tuple[str, ...], folder: Path) -> str:
    try:
        read_card(name, outputs, folder)
    except (CardMismatchError, OSError) as error:
        return str(error)
    return ""


async def _living(client: Any, part: str) -> Part:
    alive = bool(await client.exists(beat_key(part)))
    return Part(name=part, ready=alive, reason="" if alive else f"silent for more than {BEATS_FOR} s")


async def _dropped(client: Any) -> list[str]:
    """Frames lost on their way to a reading, whether the decoder, the bus or the engine had no time."""
    try:
        async with asyncio.timeout(PATIENCE):
            sources = sorted(id.decode() for id in await client.hkeys(SOURCES))
            counts = await client.mget([dropped_key(source) for source in sources]) if sources else []
    except (*LOST, TimeoutError):
        return []  # this process's own counters are there all the same
    name = "mien_frames_dropped_total"
    return [
        f"# HELP {name} Frames of a source that were dropped since it was added.",
        f"# TYPE {name} counter",
        *(
            f'{name}{{source="{source}"}} {int(count or 0)}'
            for source, count in zip(sources, counts, strict=True)
        ),
    ]


def _metric(name: str, kind: str, help: str, value: int) -> list[str]:
    full = f"mien_api_{name}"
    return [f"# HELP {full} {help}", f"# TYPE {full} {kind}", f"{full} {value}"]
