"""The jobs as the API sees them: added, looked at, cancelled, removed."""

import asyncio
import json
import logging
import time
from dataclasses import dataclass
from typing import Any

from api.jobs.job import (
    GROUP,
    JOBS,
    QUEUE,
    BadJobError,
    Job,
    JobStatus,
    decode_job,
    decode_status,
    encode_job,
    job_key,
)

log = logging.getLogger(__name__)

ADD = """
local entry = redis.call('XADD', KEYS[3], '*', 'id', ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('HSET', KEYS[2], 'state', '"queued"', 'entry', cjson.encode(entry))
"""

# What no worker has yet leaves the queue; a worker that has it notices at its next word and ends it.
CANCEL = """
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= '"queued"' and state ~= '"running"' then return 0 end
redis.call('HSET', KEYS[1], 'state', '"aborted"', 'reason', '""', 'ended_at', ARGV[2])
if state == '"queued"' then
    local entry = cjson.decode(redis.call('HGET', KEYS[1], 'entry'))
    redis.call('XACK', KEYS[2], ARGV[1], entry)
    redis.call('XDEL', KEYS[2], entry)
end
return 1
"""

REMOVE = """
local entry = redis.call('HGET', KEYS[2], 'entry')
if entry then
    redis.call('XACK', KEYS[3], ARGV[2], cjson.decode(entry))
    redis.call('XDEL', KEYS[3], cjson.decode(entry))
end
redis.call('DEL', KEYS[2])
return redis.call('HDEL', KEYS[1], ARGV[1])
"""


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job, and how it stands."""

    job: Job
    status: JobStatus


class JobStore:
    """What lies in Redis of the jobs. `client` is asynchronous; methods raise what redis-py raises."""

    def __init__(self, client: Any) -> None:
        self._redis = client

    async def add(self, job: Job) -> JobRecord:
        await self._redis.eval(ADD, 3, JOBS, job_key(job.id), QUEUE, job.id, encode_job(job))
        return JobRecord(job, JobStatus())

    async def find(self, id: str) -> JobRecord | None:
        """None where there is no such job, or none that this version can read."""
        text, stored = await asyncio.gather(self._redis.hget(JOBS, id), self._redis.hgetall(job_key(id)))
        return None if text is None else _known(text, stored)

    async def all(self) -> list[JobRecord]:
        """Those that this version can read, the newest first."""
        found = (await self.everything()).values()
        return sorted(filter(None, found), key=lambda record: record.job.created_at, reverse=True)

    async def everything(self) -> dict[str, JobRecord | None]:
        """By id; None stands for what this version cannot read."""
        texts = await self._redis.hgetall(JOBS)
        async with self._redis.pipeline(transaction=False) as commands:
            for id in texts:
                commands.hgetall(job_key(id.decode()))
            standings = await commands.execute()
        found = zip(texts.items(), standings, strict=True)
        return {id.decode(): _known(text, stored) for (id, text), stored in found}

    async def cancel(self, id: str) -> bool:
        """False where it was over already."""
        now = json.dumps(time.time())
        return bool(await self._redis.eval(CANCEL, 2, job_key(id), QUEUE, GROUP, now))

    async def remove(self, id: str) -> bool:
        """Deletes all that Redis holds of it; False where it held nothing."""
        return bool(await self._redis.eval(REMOVE, 3, JOBS, job_key(id), QUEUE, id, GROUP))


def _known(text: bytes, stored: dict[bytes, bytes]) -> JobRecord | None:
    try:
        return JobRecord(decode_job(text), decode_status(stored))
    except BadJobError as error:
        log.warning("a job is passed over: %s", error)
        return None
