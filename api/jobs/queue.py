"""The queue as its workers see it: a Redis stream that they read through one consumer group.

A worker says twice a second how far its job is. That resets the entry's idle time, so an entry that is idle
for long has lost its worker, and XAUTOCLAIM gives it to another one. Each time a job is taken up its attempt
number grows, and a worker that was only slow finds at its next word that the number is not its own any more.

Maintained libraries over Redis do not give this. RQ and SAQ put the job of a worker that was killed among
the failed ones or leave it active (rq/rq#2015, tobymao/saq#127); taskiq's stream broker hands a long job to
a second worker while the first is at it (taskiq-python/taskiq-redis#101); none resumes from a checkpoint.
"""

import json
import logging
import os
import socket
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.jobs.job import GROUP, JOBS, QUEUE, BadJobError, Job, decode_job, encode_status, job_key
from ingest.bus.connection import BUS_FAULTS
from ingest.bus.keys import beat_key
from ingest.bus.streams import BEATS_FOR

LOST_AFTER = 5.0  # seconds without a word after which a job has no worker any more
WAIT = 0.5  # seconds for a job to come
LET_GO = 3_600_000  # ms; the idle time of an entry that its worker gives back
FORGOTTEN_AFTER = 3_600_000  # ms of idleness after which a consumer without entries is deleted

log = logging.getLogger(__name__)

# All scripts take the keys {jobs}:ID and {jobs}:queue. Values in the hash are JSON.

TAKE = """
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= '"queued"' and state ~= '"running"' then return 0 end
redis.call('HSET', KEYS[1], 'state', '"running"', 'reason', '""', 'entry', ARGV[1])
redis.call('HSETNX', KEYS[1], 'started_at', ARGV[2])
return redis.call('HINCRBY', KEYS[1], 'attempt', 1)
"""

TELL = """
if redis.call('HGET', KEYS[1], 'attempt') ~= ARGV[1] then return 'lost' end
redis.call('XCLAIM', KEYS[2], ARGV[2], ARGV[3], 0, ARGV[4], 'JUSTID')
local state = redis.call('HGET', KEYS[1], 'state')
if state == '"running"' and #ARGV > 4 then redis.call('HSET', KEYS[1], unpack(ARGV, 5)) end
return string.sub(state, 2, -2)
"""

END = """
if redis.call('HGET', KEYS[1], 'attempt') ~= ARGV[1] then return 0 end
redis.call('XACK', KEYS[2], ARGV[2], ARGV[3])
redis.call('XDEL', KEYS[2], ARGV[3])
redis.call('HSET', KEYS[1], unpack(ARGV, 5))
if redis.call('HGET', KEYS[1], 'state') == '"running"' then redis.call('HSET', KEYS[1], 'state', ARGV[4]) end
return 1
"""

GIVE_BACK = """
if redis.call('HGET', KEYS[1], 'attempt') ~= ARGV[1] then return 0 end
redis.call('HINCRBY', KEYS[1], 'fruitless', ARGV[6])
redis.call('XCLAIM', KEYS[2], ARGV[2], ARGV[3], 0, ARGV[4], 'IDLE', ARGV[5], 'JUSTID')
return 1
"""


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job in the hands of one worker."""

    job: Job
    attempt: int
    fruitless: int  # attempts before this one whose reader died and came no further
    entry: str  # its ID in the queue


class Queue:
    """One worker's end of the queue. Methods raise what redis-py raises: BUS_FAULTS."""

    def __init__(self, client: Any, *, lost_after: float = LOST_AFTER) -> None:
        self._redis = client
        self._lost_after = round(lost_after * 1000)  # ms
        self._name = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._take, self._tell, self._end, self._give_back = (
            client.register_script(text) for text in (TAKE, TELL, END, GIVE_BACK)
        )

    def join(self) -> None:
        """Creates the group if it is not there yet, and forgets the consumers of workers that are gone."""
        try:
            self._redis.xgroup_create(QUEUE, GROUP, id="0", mkstream=True)
        except BUS_FAULTS as error:
            if "BUSYGROUP" not in str(error):
                raise
        for consumer in self._redis.xinfo_consumers(QUEUE, GROUP):
            if consumer["pending"] == 0 and consumer["idle"] > FORGOTTEN_AFTER:
                self._redis.xgroup_delconsumer(QUEUE, GROUP, consumer["name"])

    def take(self, wait: float = WAIT) -> ClaimedJob | None:
        """The next job: first one whose worker is gone, else a new one; waits up to `wait` seconds for it."""
        self._beat()
        _, claimed, *_ = self._redis.xautoclaim(QUEUE, GROUP, self._name, self._lost_after, "0-0", count=1)
        if not claimed:
            read = self._redis.xreadgroup(
                GROUP, self._name, {QUEUE: ">"}, count=1, block=max(1, round(wait * 1000))
            )
            if not read:
                return None
            claimed = next(iter(read.values()))[0] if isinstance(read, dict) else read[0][1]
        (entry, fields), *_ = claimed
        return self._taken(entry.decode(), fields[b"id"].decode())

    def tell(self, claimed: ClaimedJob, changes: Mapping[str, Any]) -> str:
        """Says how the job stands now and keeps it; gives its state, or `lost` where it is not ours any more.

        While the state is not `running` the changes are left out.
        """
        self._beat()
        told = self._tell(
            keys=_keys(claimed.job.id),
            args=[claimed.attempt, GROUP, self._name, claimed.entry, *encode_status(changes)],
        )
        return str(told.decode())

    def end(self, claimed: ClaimedJob, state: str, changes: Mapping[str, Any]) -> bool:
        """Takes the job out of the queue; one that was cancelled meanwhile stays so. False: it is lost."""
        return self._end_attempt(claimed.job.id, claimed.attempt, claimed.entry, state, changes)

    def give_back(self, claimed: ClaimedJob, *, fruitless: bool) -> None:
        """Leaves the job to whoever asks next; `fruitless` says that its reader died.

        That is counted here and not where it is taken up: a worker that is killed says nothing of the job.
        """
        args = [claimed.attempt, GROUP, self._name, claimed.entry, LET_GO, int(fruitless)]
        self._give_back(keys=_keys(claimed.job.id), args=args)

    def _beat(self) -> None:
        """For /readyz: one worker at least is alive, whether it waits or reads."""
        self._redis.set(beat_key("jobs"), "1", ex=BEATS_FOR)

    def _taken(self, entry: str, id: str) -> ClaimedJob | None:
        text = self._redis.hget(JOBS, id)
        attempt = self._take(keys=_keys(id), args=[json.dumps(entry), json.dumps(time.time())]) if text else 0
        if not attempt:  # cancelled or removed meanwhile
            self._redis.xack(QUEUE, GROUP, entry)
            self._redis.xdel(QUEUE, entry)
            return None
        try:
            job = decode_job(text)
        except BadJobError as error:
            log.warning("%s: %s", id, error)
            self._end_attempt(id, int(attempt), entry, "error", {"reason": str(error)})
            return None
        fruitless = int(self._redis.hget(job_key(id), "fruitless") or 0)
        return ClaimedJob(job, int(attempt), fruitless, entry)

    def _end_attempt(self, id: str, attempt: int, entry: str, state: str, changes: Mapping[str, Any]) -> bool:
        ended = {"ended_at": time.time(), **changes}
        args = [attempt, GROUP, entry, json.dumps(state), *encode_status(ended)]
        return bool(self._end(keys=_keys(id), args=args))


def _keys(id: str) -> list[str]:
    return [job_key(id), QUEUE]
