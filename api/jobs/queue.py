"""The queue as its workers see it: a Redis stream that they read through one consumer group.

A worker reports twice a second how far its job is, and each report counts as a delivery of the entry. One
that is not delivered for longer than the lease has lost its worker, and another one claims it
(api.jobs.pending). Each claim increments the job's attempt number, so a worker that was only slow learns from
its next report that the job is no longer its own.

Maintained libraries over Redis do not give this. RQ and SAQ put the job of a worker that was killed among
the failed ones or leave it active (rq/rq#2015, tobymao/saq#127); taskiq's stream broker hands a long job to
a second worker while the first still reads (taskiq-python/taskiq-redis#101); none resumes from a checkpoint.
"""

import json
import logging
import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.jobs.job import GROUP, BadJobError, Job, decode_job, encode_status
from api.jobs.pending import RELEASED, SEPARATOR, PendingEntries, PendingEntry
from ingest.bus.client import Redis, Value
from ingest.bus.connection import REDIS_ERRORS, entries_of
from ingest.bus.heartbeat import send_jobs_heartbeat
from ingest.bus.keys import JOB_QUEUE, JOBS, job_key
from ingest.bus.lease import process_name

LEASE = 5.0  # seconds without a report after which another worker may claim the job
CLAIM_TIMEOUT = 0.5  # seconds
MAX_PENDING = 1000  # entries that workers have claimed at the same time
CONSUMER_EXPIRY = 3_600_000  # ms of idleness after which a consumer without entries is deleted

log = logging.getLogger(__name__)

# Claims a pending entry, unless it was delivered again, and returns the job's id.
TAKE = """
local held = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1)[1]
if not held or held[2] ~= ARGV[4] or held[4] ~= tonumber(ARGV[5]) then return false end
local taken = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3])[1]
return taken and taken[2][2]
"""

# The other scripts take the keys {jobs}:ID and {jobs}:queue. Values in the hash are JSON.

CLAIM = """
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= '"queued"' and state ~= '"running"' then return 0 end
redis.call('HSET', KEYS[1], 'state', '"running"', 'reason', '""', 'entry', ARGV[1])
redis.call('HSETNX', KEYS[1], 'started_at', ARGV[2])
for _, name in ipairs({'attempt', 'fruitless'}) do
    local count = redis.call('HGET', KEYS[1], name)
    if count and not string.match(count, '^%d+$') then redis.call('HSET', KEYS[1], name, 0) end
end
return redis.call('HINCRBY', KEYS[1], 'attempt', 1)
"""

REPORT = """
if redis.call('HGET', KEYS[1], 'attempt') ~= ARGV[1] then return 'lost' end
redis.call('XCLAIM', KEYS[2], ARGV[2], ARGV[3], 0, ARGV[4])
local state = redis.call('HGET', KEYS[1], 'state')
if state == '"running"' and #ARGV > 4 then redis.call('HSET', KEYS[1], unpack(ARGV, 5)) end
return string.sub(state, 2, -2)
"""

FINISH = """
if redis.call('HGET', KEYS[1], 'attempt') ~= ARGV[1] then return 0 end
redis.call('XACK', KEYS[2], ARGV[2], ARGV[3])
redis.call('XDEL', KEYS[2], ARGV[3])
redis.call('HSET', KEYS[1], unpack(ARGV, 5))
if redis.call('HGET', KEYS[1], 'state') == '"running"' then redis.call('HSET', KEYS[1], 'state', ARGV[4]) end
return 1
"""

# A worker repeats it until it has a reply: the second time it changes nothing.
RELEASE = """
if redis.call('HGET', KEYS[1], 'attempt') ~= ARGV[1] then return 0 end
if redis.call('HGET', KEYS[1], 'released') == ARGV[1] then return 1 end
redis.call('HSET', KEYS[1], 'released', ARGV[1])
redis.call('HINCRBY', KEYS[1], 'fruitless', ARGV[5])
if ARGV[6] ~= '""' and redis.call('HGET', KEYS[1], 'state') == '"running"' then
    redis.call('HSET', KEYS[1], 'state', '"queued"', 'reason', ARGV[6])
end
redis.call('XCLAIM', KEYS[2], ARGV[2], ARGV[3], 0, ARGV[4])
return 1
"""


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job that one worker holds."""

    job: Job
    attempt: int
    fruitless: int  # earlier attempts in a row whose reader died before its first checkpoint
    entry: str  # its ID in the queue


class Queue:
    """One worker's end of the queue. Methods raise what redis-py raises: REDIS_ERRORS."""

    def __init__(self, client: Redis, *, lease: float = LEASE) -> None:
        self._redis = client
        self._pending = PendingEntries(lease)
        self._name = f"{process_name(os.getpid())}{SEPARATOR}{uuid.uuid4().hex[:8]}"
        self._take, self._claim, self._report, self._finish, self._release = (
            client.register_script(text) for text in (TAKE, CLAIM, REPORT, FINISH, RELEASE)
        )

    def join(self) -> None:
        """Create the consumer group if there is none, and delete the consumers of workers that are gone."""
        try:
            self._redis.xgroup_create(JOB_QUEUE, GROUP, id="0", mkstream=True)
        except REDIS_ERRORS as error:
            if "BUSYGROUP" not in str(error):
                raise
        for consumer in self._redis.xinfo_consumers(JOB_QUEUE, GROUP):
            if consumer["pending"] == 0 and consumer["idle"] > CONSUMER_EXPIRY:
                self._redis.xgroup_delconsumer(JOB_QUEUE, GROUP, consumer["name"])

    def claim(self, timeout: float = CLAIM_TIMEOUT) -> ClaimedJob | None:
        """Claim a job whose worker is gone, else a new one; wait up to `timeout` seconds for it."""
        send_jobs_heartbeat(self._redis)
        for pending in self._pending.abandoned(self._pending_entries(), time.monotonic()):
            args: list[Value] = [GROUP, self._name, pending.id, pending.consumer, pending.deliveries]
            if (id := self._take(keys=[JOB_QUEUE], args=args)) is not None:
                return self._start_attempt(pending.id, id.decode(errors="replace"))
        block = max(1, round(timeout * 1000))
        new = self._redis.xreadgroup(GROUP, self._name, {JOB_QUEUE: ">"}, count=1, block=block)
        for entry, fields in entries_of(new):
            return self._start_attempt(entry.decode(), fields.get(b"id", b"").decode(errors="replace"))
        return None

    def wait(self, seconds: float = CLAIM_TIMEOUT) -> None:
        """Claim nothing for a while."""
        send_jobs_heartbeat(self._redis)
        time.sleep(seconds)

    def report(self, claimed: ClaimedJob, changes: Mapping[str, Any]) -> str:
        """Renew the lease, and store changes of the status while the job is running.

        Returns the job's state, or `lost` where another worker has claimed it or it was removed.
        """
        send_jobs_heartbeat(self._redis)
        state = self._report(
            keys=_keys(claimed.job.id),
            args=[claimed.attempt, GROUP, self._name, claimed.entry, *encode_status(changes)],
        )
        return str(state.decode())

    def finish(self, claimed: ClaimedJob, state: str, changes: Mapping[str, Any]) -> bool:
        """Take the job out of the queue; a cancelled one stays cancelled. Returns False for a lost job."""
        return self._finish_attempt(claimed.job.id, claimed.attempt, claimed.entry, state, changes)

    def release(self, claimed: ClaimedJob, *, fruitless: bool = False, reason: str = "") -> None:
        """Leave the job to the next worker; `fruitless`: its reader died before its first checkpoint.

        With a reason why it waits, it is queued again.

        Fruitless attempts are counted here and not with the claim: a worker may be killed for any reason.
        """
        args: list[Value] = [claimed.attempt, GROUP, RELEASED, claimed.entry]
        self._release(keys=_keys(claimed.job.id), args=[*args, int(fruitless), json.dumps(reason)])

    def _pending_entries(self) -> list[PendingEntry]:
        found = self._redis.xpending_range(JOB_QUEUE, GROUP, "-", "+", MAX_PENDING)
        return [
            PendingEntry(each["message_id"].decode(), each["consumer"].decode(), each["times_delivered"])
            for each in found
        ]

    def _start_attempt(self, entry: str, id: str) -> ClaimedJob | None:
        text = self._redis.hget(JOBS, id)
        now = json.dumps(time.time())
        attempt = self._claim(keys=_keys(id), args=[json.dumps(entry), now]) if text else 0
        if text is None or not attempt:  # the job was cancelled or removed before
            self._redis.xack(JOB_QUEUE, GROUP, entry)
            self._redis.xdel(JOB_QUEUE, entry)
            return None
        try:
            job = decode_job(text)
        except BadJobError as error:
            log.warning("%s: %s", id, error)
            self._finish_attempt(id, int(attempt), entry, "error", {"reason": str(error)})
            return None
        fruitless = int(self._redis.hget(job_key(id), "fruitless") or 0)
        return ClaimedJob(job, int(attempt), fruitless, entry)

    def _finish_attempt(
        self, id: str, attempt: int, entry: str, state: str, changes: Mapping[str, Any]
    ) -> bool:
        changes = {"ended_at": time.time(), **changes}
        args: list[Value] = [attempt, GROUP, entry, json.dumps(state), *encode_status(changes)]
        return bool(self._finish(keys=_keys(id), args=args))


def _keys(id: str) -> list[str]:
    return [job_key(id), JOB_QUEUE]
