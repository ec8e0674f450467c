"""The jobs in Redis as the API works with them: add, find, cancel, remove."""

import asyncio
import json
import logging
import time
from dataclasses import dataclass

from api.jobs.job import (
    GROUP,
    BadJobError,
    Job,
    JobStatus,
    decode_job,
    decode_status,
    encode_job,
    valid_part_of_job,
)
from ingest.bus.client import AsyncRedis
from ingest.bus.keys import JOB_QUEUE, JOBS, job_key

log = logging.getLogger(__name__)

# The client repeats a command whose reply was lost: a script that finds its own work done changes nothing.
ADD = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return end
local entry = redis.call('XADD', KEYS[3], '*', 'id', ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('HSET', KEYS[2], 'state', '"queued"', 'entry', cjson.encode(entry))
"""

# A job that no worker has claimed leaves the queue; a worker learns of it from its next report.
CANCEL = """
local state = redis.call('HGET', KEYS[1], 'state')
if state == '"aborted"' then return 1 end
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
    """A job with its status."""

    job: Job
    status: JobStatus


class JobStore:
    """All jobs. `client` is asynchronous; methods raise what redis-py raises."""

    def __init__(self, client: AsyncRedis) -> None:
        self._redis = client

    async def add(self, job: Job) -> JobRecord:
        await self._redis.eval(ADD, 3, JOBS, job_key(job.id), JOB_QUEUE, job.id, encode_job(job))
        return JobRecord(job, JobStatus())

    async def find(self, id: str) -> JobRecord | None:
        """The job; None where there is none. One that this version cannot read has the state `error`."""
        text, stored = await asyncio.gather(self._redis.hget(JOBS, id), self._redis.hgetall(job_key(id)))
        return None if text is None else _shown(id, text, stored)

    async def all(self) -> list[JobRecord]:
        """All jobs, the newest first; those that this version cannot read have the state `error`."""
        records = [_shown(id, *stored) for id, stored in (await self._stored()).items()]
        return sorted(records, key=lambda record: record.job.created_at, reverse=True)

    async def everything(self) -> dict[str, JobRecord | None]:
        """All jobs by id; None for those that this version cannot read."""
        return {id: _decode(*stored) for id, stored in (await self._stored()).items()}

    async def _stored(self) -> dict[str, tuple[bytes, dict[bytes, bytes]]]:
        texts = await self._redis.hgetall(JOBS)
        async with self._redis.pipeline(transaction=False) as commands:
            for id in texts:
                commands.hgetall(job_key(id.decode()))
            statuses = await commands.execute()
        entries = zip(texts.items(), statuses, strict=True)
        return {id.decode(): (text, stored) for (id, text), stored in entries}

    async def cancel(self, id: str) -> bool:
        """Cancel a job, or leave it cancelled; return False where its reading was over already."""
        now = json.dumps(time.time())
        return bool(await self._redis.eval(CANCEL, 2, job_key(id), JOB_QUEUE, GROUP, now))

    async def remove(self, id: str) -> bool:
        """Delete a job from Redis; return False where there was none."""
        return bool(await self._redis.eval(REMOVE, 3, JOBS, job_key(id), JOB_QUEUE, id, GROUP))


def _shown(id: str, text: bytes, stored: dict[bytes, bytes]) -> JobRecord:
    try:
        return JobRecord(decode_job(text), decode_status(stored))
    except BadJobError as error:
        return JobRecord(valid_part_of_job(id, text), JobStatus(state="error", reason=str(error)))


def _decode(text: bytes, stored: dict[bytes, bytes]) -> JobRecord | None:
    try:
        return JobRecord(decode_job(text), decode_status(stored))
    except BadJobError as error:
        log.warning("a job is skipped: %s", error)
        return None
