"""Removing a source removes its data: at once, and again what latecomers wrote in the seconds after."""

import asyncio
import logging
import time
from typing import Any

from ingest.bus import LOST, REMOVED, SOURCES, keys_of

logger = logging.getLogger(__name__)

WATCHED = 30.0  # seconds; ingest and engine notice a removal within a few
ROUND = 2.0  # seconds between looks


async def remove_data(client: Any, source: str) -> None:
    """Takes the source out of the configuration and deletes what is stored of it, all or none."""
    async with client.pipeline(transaction=True) as transaction:
        transaction.hdel(SOURCES, source)
        transaction.zadd(REMOVED, {source: time.time()})
        transaction.delete(*keys_of(source))
        await transaction.execute()


async def sweep(client: Any) -> None:
    """Deletes what was written of removed sources after their removal; runs until cancelled."""
    while True:
        try:
            for name, removed_at in await client.zrange(REMOVED, 0, -1, withscores=True):
                await _sweep_one(client, name.decode(), removed_at)
        except LOST as error:
            logger.warning("redis does not answer, removed sources wait: %s", error)
        await asyncio.sleep(ROUND)


async def _sweep_one(client: Any, source: str, removed_at: float) -> None:
    if await client.hexists(SOURCES, source):
        await client.zrem(REMOVED, source)  # it was added again
        return
    await client.delete(*keys_of(source))
    if time.time() - removed_at > WATCHED:
        await client.zrem(REMOVED, source)
