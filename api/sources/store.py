"""Removing a source removes its data: at once, and again what latecomers wrote in the seconds after.

A source that is added under a removed one's name begins with nothing of it. What is older than it is to be
kept goes as well, also of sources that write no more.
"""

import asyncio
import logging
import time

from api.access.audit import Audit
from ingest.bus.client import AsyncRedis
from ingest.bus.connection import CONNECTION_ERRORS, REDIS_ERRORS, is_cluster
from ingest.bus.keys import REMOVED, SOURCES, engine_key, keys_of, overview_key, preview_key, timeline_key
from ingest.bus.source_config import SourceConfig, decode_config, encode_config
from ingest.bus.timeline import oldest_id
from ingest.settings import retention

logger = logging.getLogger(__name__)

WATCHED = 30.0  # seconds; ingest and engine notice a removal within a few
ROUND = 2.0  # seconds between looks
TRIMS_EVERY = 60.0  # seconds; what is written trims as well
LET_GO = 3.0  # seconds after which ingest, engine and the feeds are done with a removed source

# What is kept of the source is deleted with it where one server holds both.
ADD = """
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 0 then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
if #KEYS > 2 then redis.call('DEL', unpack(KEYS, 3)) end
return 1
"""


CHANGE = """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
"""

# Where the engine stood is as old as the newest entry: it speaks of the last faces.
FORGET = "if redis.call('XLEN', KEYS[1]) == 0 then redis.call('DEL', KEYS[2]) end"


async def wait_for_latecomers(client: AsyncRedis, source: str) -> None:
    """Returns when nobody works any more on a source of this id that was removed a moment ago."""
    removed_at = await client.zscore(REMOVED, source)
    if removed_at is not None:
        await asyncio.sleep(min(LET_GO, removed_at + LET_GO - time.time()))


async def add_source_config(client: AsyncRedis, config: SourceConfig) -> bool:
    """Configures a source, with nothing kept under its id; False, and nothing done, where there is one."""
    keys = [SOURCES, REMOVED, *keys_of(config.id)]
    if is_cluster(client):
        if await client.hexists(SOURCES, config.id):
            return False
        # Before it is configured: nobody writes of it yet, unless somebody else adds it at this very moment.
        await client.delete(*keys_of(config.id))
        keys = [SOURCES, REMOVED]
    return bool(await client.eval(ADD, len(keys), *keys, config.id, encode_config(config)))


async def change_config(client: AsyncRedis, before: SourceConfig, after: SourceConfig) -> bool:
    """Replaces a configuration, and takes away the picture that was shown under it.

    False, and nothing done, where it is not what it was `before` any more.
    """
    text = await client.hget(SOURCES, before.id)
    if text is None or decode_config(text) != before:
        return False
    changed = await client.eval(CHANGE, 1, SOURCES, before.id, text, encode_config(after))
    if changed:
        await client.delete(preview_key(before.id))
    return bool(changed)


async def remove_data(client: AsyncRedis, source: str) -> None:
    """Takes the source out of the configuration and deletes what is stored of it.

    What is not deleted now, `sweep` deletes: the source is among the removed once it is configured no more.
    """
    async with client.pipeline(transaction=True) as transaction:
        transaction.hdel(SOURCES, source)
        transaction.zadd(REMOVED, {source: time.time()})
        await transaction.execute()
    await client.delete(*keys_of(source))


async def sweep(client: AsyncRedis, audit: Audit) -> None:
    """Deletes what was written of removed sources after their removal, and what is too old, of the log too.

    Runs until cancelled.
    """
    kept, trim_at = retention(), 0.0
    while True:
        try:
            if time.monotonic() >= trim_at:
                await trim_timelines(client, kept)
                await audit.trim()
                trim_at = time.monotonic() + TRIMS_EVERY
            for name, removed_at in await client.zrange(REMOVED, 0, -1, withscores=True):
                await _sweep_one(client, name.decode(), removed_at)
        except REDIS_ERRORS as error:
            logger.warning("redis: %s; removed sources and old data wait", error)
        await asyncio.sleep(ROUND)


async def trim_timelines(client: AsyncRedis, kept: float) -> None:
    """Deletes each source's entries that are older than `kept` seconds."""
    oldest = oldest_id(await client.time(), kept)
    lost: Exception | None = None
    for source in await client.hkeys(SOURCES):
        id = source.decode()
        try:
            for key in (timeline_key, overview_key):
                await client.xtrim(key(id), minid=oldest, approximate=False)
            await client.eval(FORGET, 2, timeline_key(id), engine_key(id))
        except CONNECTION_ERRORS as error:  # of a cluster one server may be away, and the others there
            lost = error
    if lost is not None:
        raise lost


async def _sweep_one(client: AsyncRedis, source: str, removed_at: float) -> None:
    if await client.hexists(SOURCES, source):
        await client.zrem(REMOVED, source)  # it was added again
        return
    await client.delete(*keys_of(source))
    if time.time() - removed_at > WATCHED:
        await client.zrem(REMOVED, source)
