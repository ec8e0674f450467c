"""Heartbeats: each part of the service (`ingest`, `engine:0`, `jobs`, `api`) reports that it is alive.

Besides the beat of a part there is one of its process on this machine, by which a supervisor restarts what
hangs: the part may also be alive elsewhere, as a second job worker or a waiting engine.
"""

import socket
import time
from dataclasses import dataclass

from ingest.bus.client import AsyncRedis, Redis
from ingest.bus.keys import PARTS, beat_key

HEARTBEAT_TTL = 5  # seconds; a part that sends nothing for longer counts as dead
NO_KEY = -2  # PTTL of a heartbeat that has expired
ALIVE = "1"  # the value of a part without a note


@dataclass(frozen=True, slots=True)
class Silent:
    """A part that sends no heartbeats, and the time of its last one (seconds since the epoch)."""

    part: str
    since: float


def send_heartbeat(client: Redis, part: str, note: str = "") -> None:
    """Report that ingest or an engine is alive; `note` is one line that /readyz shows beside it."""
    with client.pipeline(transaction=False) as commands:
        for key in (beat_key(part), local_beat_key(part)):
            commands.set(key, note or ALIVE, ex=HEARTBEAT_TTL)
        commands.zadd(PARTS, {part: time.time()})
        commands.execute()


def send_jobs_heartbeat(client: Redis) -> None:
    """Report that a job worker is alive, idle or busy."""
    with client.pipeline(transaction=False) as commands:
        for key in (beat_key("jobs"), local_beat_key("jobs")):
            commands.set(key, ALIVE, ex=HEARTBEAT_TTL)
        commands.execute()


def send_local_heartbeat(client: Redis, part: str) -> None:
    """Report that this process is alive although it does not do the work of its part, or has no part."""
    client.set(local_beat_key(part), ALIVE, ex=HEARTBEAT_TTL)


async def send_api_heartbeat(client: AsyncRedis) -> None:
    """Report that the API is alive, in a single command, which fails if Redis refuses writes."""
    await client.set(beat_key("api"), ALIVE, ex=HEARTBEAT_TTL)


async def read_heartbeat(client: AsyncRedis, part: str) -> str | None:
    """Return the note of a living part ("" if it has none), or None for a part that sends nothing."""
    async with client.pipeline(transaction=False) as commands:
        commands.get(beat_key(part))
        commands.pttl(beat_key(part))
        value, remaining = await commands.execute()
    return value.decode().removeprefix(ALIVE) if is_recent(remaining) else None


async def silent_part(client: AsyncRedis, shard: int) -> Silent | None:
    """Return the part of a shard that has sent heartbeats and does not any more, ingest first."""
    ingest, engine = ["ingest", f"ingest:{shard}"], f"engine:{shard}"
    parts = [*ingest, engine]
    async with client.pipeline(transaction=False) as commands:
        for part in parts:
            commands.pttl(beat_key(part))
        for part in parts:
            commands.zscore(PARTS, part)
        *remaining, single, sharded, engine_at = await commands.execute()
    if not any(map(is_recent, remaining[:2])) and (single or sharded):
        return Silent(*max(zip((single or 0.0, sharded or 0.0), ingest, strict=True))[::-1])
    return Silent(engine, engine_at) if engine_at and not is_recent(remaining[2]) else None


def has_local_heartbeat(client: Redis, part: str) -> bool:
    """Return whether the process of this part on this machine sends heartbeats."""
    return is_recent(client.pttl(local_beat_key(part)))


def is_recent(remaining: int) -> bool:
    """Return whether a heartbeat with this PTTL, in ms, is there and one of the last seconds.

    If the server's clock was set back, it expires later than any new one: then its sender is silent.
    """
    return remaining != NO_KEY and remaining <= HEARTBEAT_TTL * 1000


def local_beat_key(part: str) -> str:
    return beat_key(f"{part}@{socket.gethostname()}")
