"""Heartbeats: each part of the service (`ingest`, `engine:0`, `jobs`, `api`) reports that it is alive."""

import time

from ingest.bus.client import AsyncRedis, Redis
from ingest.bus.keys import PARTS, beat_key

HEARTBEAT_TTL = 5  # seconds; a part that sends nothing for longer counts as dead
ALIVE = "1"  # the value of a part without a note


def send_heartbeat(client: Redis, part: str, note: str = "") -> None:
    """Report that ingest or an engine is alive; `note` is one line that /readyz shows beside it."""
    with client.pipeline(transaction=False) as commands:
        commands.set(beat_key(part), note or ALIVE, ex=HEARTBEAT_TTL)
        commands.zadd(PARTS, {part: time.time()})
        commands.execute()


def send_jobs_heartbeat(client: Redis) -> None:
    """Report that a job worker is alive, idle or busy."""
    client.set(beat_key("jobs"), ALIVE, ex=HEARTBEAT_TTL)


async def send_api_heartbeat(client: AsyncRedis) -> None:
    """Report that the API is alive, in a single command, which fails if Redis refuses writes."""
    await client.set(beat_key("api"), ALIVE, ex=HEARTBEAT_TTL)


async def read_heartbeat(client: AsyncRedis, part: str) -> str | None:
    """Return the note of a living part ("" if it has none), or None for a part that sends nothing."""
    value = await client.get(beat_key(part))
    return None if value is None else value.decode().removeprefix(ALIVE)
