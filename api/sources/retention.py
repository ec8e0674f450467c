"""Deletion of old entries, of audit records, and of data written for removed sources after their removal."""

import asyncio
import logging
import time

from api.access.audit import Audit
from api.expiry import MARKS, Expiry
from ingest.bus.client import AsyncRedis
from ingest.bus.connection import CONNECTION_ERRORS, REDIS_ERRORS
from ingest.bus.keys import REMOVED, SOURCES, engine_key, keys_of, overview_key, timeline_key
from ingest.settings import retention

logger = logging.getLogger(__name__)

REMOVAL_PERIOD = 30.0  # seconds that a removed source is swept; ingest and engine notice it within a few
SWEEP_INTERVAL = 2.0  # seconds
TRIM_INTERVAL = 60.0  # seconds, or less for a short retention; each write trims as well

# The engine's state speaks of the last faces, so it is deleted once the timeline is empty.
DELETE_STATE = "if redis.call('XLEN', KEYS[1]) == 0 then redis.call('DEL', KEYS[2]) end"


async def sweep(
    client: AsyncRedis,
    audit: Audit,
    *,
    interval: float = SWEEP_INTERVAL,
    trim_interval: float = TRIM_INTERVAL,
) -> None:
    """Delete data of removed sources and everything older than its retention time, until cancelled."""
    max_age, trim_at, expiry = retention(), 0.0, Expiry(client)
    while True:
        try:
            if time.monotonic() >= trim_at:
                await trim_timelines(client, expiry, max_age)
                await audit.trim(expiry)
                trim_at = time.monotonic() + min(trim_interval, max_age / MARKS)
            for name, removed_at in await client.zrange(REMOVED, 0, -1, withscores=True):
                await _sweep_source(client, name.decode(), removed_at)
        except REDIS_ERRORS as error:
            logger.warning("redis: %s; deletion of removed sources and old data waits", error)
        await asyncio.sleep(interval)


async def trim_timelines(client: AsyncRedis, expiry: Expiry, max_age: float) -> None:
    """Delete each source's entries that are older than `max_age` seconds. Raises redis-py's errors."""
    failure: Exception | None = None
    for source in await client.hkeys(SOURCES):
        id = source.decode()
        try:
            for key in (timeline_key, overview_key):
                await expiry.trim(key(id), max_age, time.monotonic())
            await client.eval(DELETE_STATE, 2, timeline_key(id), engine_key(id))
        except CONNECTION_ERRORS as error:  # one server of a cluster may be away while the others respond
            failure = error
    if failure is not None:
        raise failure


async def _sweep_source(client: AsyncRedis, source: str, removed_at: float) -> None:
    if await client.hexists(SOURCES, source):
        await client.zrem(REMOVED, source)  # it was added again
        return
    await client.delete(*keys_of(source))
    now = time.time()
    if removed_at > now:  # the clock was set back
        await client.zadd(REMOVED, {source: now})
    elif now - removed_at > REMOVAL_PERIOD:
        await client.zrem(REMOVED, source)
