"""Configurations of sources in Redis: add, change and remove them, and with a source its data.

Ingest and engine may write for some seconds after a removal: api.sources.retention deletes what they write,
and a source that is added again under the same id starts without it.
"""

import asyncio
import time

from ingest.bus.client import AsyncRedis
from ingest.bus.connection import is_cluster
from ingest.bus.keys import REMOVED, SOURCES, keys_of, preview_key
from ingest.bus.source_config import SourceConfig, decode_config, encode_config

SETTLE_TIME = 3.0  # seconds after which ingest, engine and broadcasts have noticed a removal

# The client repeats a command whose reply was lost: a script that finds its own work done says so again. A
# configuration has the time of its request, so no other request has the same one.

# On a single server, stored data under the same id is deleted in the same step.
ADD = """
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then return 1 end
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 0 then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
if #KEYS > 2 then redis.call('DEL', unpack(KEYS, 3)) end
return 1
"""

CHANGE = """
local stored = redis.call('HGET', KEYS[1], ARGV[1])
if stored == ARGV[3] then return 1 end
if stored ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
"""


async def wait_for_removal(client: AsyncRedis, source: str) -> None:
    """Wait until no process writes any more for a removed source with this id."""
    removed_at = await client.zscore(REMOVED, source)
    if removed_at is not None:
        await asyncio.sleep(min(SETTLE_TIME, removed_at + SETTLE_TIME - time.time()))


async def add_source_config(client: AsyncRedis, config: SourceConfig) -> bool:
    """Add a source without stored data. Return False, and change nothing, if the id exists."""
    keys = [SOURCES, REMOVED, *keys_of(config.id)]
    if is_cluster(client):
        if await client.hexists(SOURCES, config.id):
            return False
        # The source does not exist yet, so nobody writes for it, unless another request adds it right now.
        await client.delete(*keys_of(config.id))
        keys = [SOURCES, REMOVED]
    return bool(await client.eval(ADD, len(keys), *keys, config.id, encode_config(config)))


async def change_config(client: AsyncRedis, before: SourceConfig, after: SourceConfig) -> bool:
    """Replace a configuration, and delete the preview that was made under it.

    Return False, and change nothing, if the configuration is no longer `before`.
    """
    text = await client.hget(SOURCES, before.id)
    if text is None or decode_config(text) != before:
        return False
    changed = await client.eval(CHANGE, 1, SOURCES, before.id, text, encode_config(after))
    if changed:
        await client.delete(preview_key(before.id))
    return bool(changed)


async def remove_source_config(client: AsyncRedis, source: str) -> None:
    """Remove a source's configuration and delete its data.

    If the second step fails, api.sources.retention completes it: the first adds the source to REMOVED.
    """
    async with client.pipeline(transaction=True) as transaction:
        transaction.hdel(SOURCES, source)
        transaction.zadd(REMOVED, {source: time.time()})
        await transaction.execute()
    await client.delete(*keys_of(source))
