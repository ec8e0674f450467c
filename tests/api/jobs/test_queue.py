"""The queue on a real Redis: shared, claimed from dead workers, lost to slow ones."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from api.jobs.job import GROUP, Job, decode_job, decode_status, encode_job
from api.jobs.queue import ClaimedJob, Queue
from api.recordings.store import JobRecord, JobStore
from ingest.bus.client import Redis
from ingest.bus.connection import connect, connect_async
from ingest.bus.heartbeat import ALIVE
from ingest.bus.keys import JOB_QUEUE, JOBS, PARTS, beat_key, job_key
from tests.waiting import until

LEASE = 0.2  # seconds


@pytest.fixture
def client(redis_url: str) -> Iterator[Any]:
    with connect(redis_url) as client:
        yield client


def queue(client: Redis) -> Queue:
    joined = Queue(client, lease=LEASE)
    joined.join()
    return joined


def job(id: str) -> Job:
    return Job(
        id=id,
        name=f"{id}.mp4",
        path=f"{id}.mp4",
        rate=10.0,
        purpose="personal",
        ground=None,
        created_at=time.time(),
        size=1,
        modified=1,
        media_type="video/mp4",
        duration=10.0,
        width=640,
        height=360,
    )


def call_store(redis_url: str, method: str, *arguments: Any) -> Any:
    async def call_it() -> Any:
        async with connect_async(redis_url) as client:
            return await getattr(JobStore(client), method)(*arguments)

    return asyncio.run(call_it())


def status(redis_url: str, id: str) -> Any:
    record: JobRecord | None = call_store(redis_url, "find", id)
    assert record is not None
    return record.status


def claimed(queue: Queue) -> ClaimedJob:
    return until(lambda: queue.claim(timeout=0.01), 5, "a job")


def test_workers_share_the_queue_in_the_order_of_its_jobs(client: Redis, redis_url: str) -> None:
    one, other = queue(client), queue(client)
    for id in ("first", "second"):
        call_store(redis_url, "add", job(id))
    assert (claimed(one).job.id, claimed(other).job.id) == ("first", "second")
    assert one.claim(timeout=0.01) is None


def test_a_claim_sends_the_heartbeat_of_the_job_workers(client: Redis) -> None:
    assert queue(client).claim(timeout=0.01) is None
    assert client.get(beat_key("jobs")) == ALIVE.encode()
    assert not client.exists(PARTS)  # which lists parts of ingest and engine


def test_reports_renew_the_lease_of_a_job(client: Redis, redis_url: str) -> None:
    one, other = queue(client), queue(client)
    call_store(redis_url, "add", job("clip"))
    mine = claimed(one)
    deadline = time.monotonic() + 3 * LEASE
    while time.monotonic() < deadline:
        assert one.report(mine, {"position": 1.5}) == "running"
        assert other.claim(timeout=0.01) is None
    assert status(redis_url, "clip").position == 1.5


def test_a_clock_that_is_set_forward_takes_no_job_from_its_worker(client: Redis, redis_url: str) -> None:
    one, other = Queue(client, lease=60.0), Queue(client, lease=60.0)
    one.join()
    call_store(redis_url, "add", job("clip"))
    mine = claimed(one)
    (pending,) = client.xpending_range(JOB_QUEUE, GROUP, "-", "+", 1)
    hour = ("IDLE", 3_600_000)  # as the server counts after the jump
    client.execute_command("XCLAIM", JOB_QUEUE, GROUP, pending["consumer"], 0, mine.entry, *hour)
    assert other.claim(timeout=0.01) is None
    assert one.report(mine, {}) == "running"


def test_a_job_of_a_silent_worker_is_claimed_by_another_and_lost_to_the_first(
    client: Redis, redis_url: str
) -> None:
    slow, other = queue(client), queue(client)
    call_store(redis_url, "add", job("clip"))
    before = claimed(slow)
    after = claimed(other)
    assert (before.attempt, after.attempt, after.fruitless) == (1, 2, 0)
    assert other.report(after, {"position": 4.0}) == "running"
    assert slow.report(before, {"position": 2.0}) == "lost"
    assert not slow.finish(before, "error", {"reason": "slow"})
    slow.release(before, fruitless=True)
    assert other.claim(timeout=0.01) is None
    assert other.report(after, {}) == "running"
    now = status(redis_url, "clip")
    assert (now.state, now.position, now.attempt, now.fruitless) == ("running", 4.0, 2, 0)


def test_a_released_job_can_be_claimed_at_once(client: Redis, redis_url: str) -> None:
    one, other = Queue(client, lease=60.0), Queue(client, lease=60.0)
    one.join()
    call_store(redis_url, "add", job("clip"))
    one.release(claimed(one), fruitless=False)
    again = claimed(other)
    assert (again.job.id, again.attempt, again.fruitless) == ("clip", 2, 0)


def test_only_a_reader_that_died_counts_against_a_job(client: Redis, redis_url: str) -> None:
    """A worker that is killed reports nothing: the next one claims an unchanged job."""
    call_store(redis_url, "add", job("clip"))
    for attempt in (1, 2, 3, 4):
        mine = claimed(queue(client))
        assert (mine.attempt, mine.fruitless) == (attempt, 0)
    for _ in range(2):  # the second time because its reply was lost
        queue(client).release(mine, fruitless=True)
    assert claimed(queue(client)).fruitless == 1


def test_a_job_that_is_over_leaves_nothing_in_the_queue(client: Redis, redis_url: str) -> None:
    one = queue(client)
    call_store(redis_url, "add", job("clip"))
    assert one.finish(claimed(one), "completed", {"position": 10.0})
    now = status(redis_url, "clip")
    assert (now.state, now.position) == ("completed", 10.0)
    assert now.ended_at is not None
    assert client.xlen(JOB_QUEUE) == 0
    assert client.execute_command("XPENDING", JOB_QUEUE, GROUP)["pending"] == 0
    assert not call_store(redis_url, "cancel", "clip")


def test_a_cancelled_job_is_not_begun(client: Redis, redis_url: str) -> None:
    one = queue(client)
    call_store(redis_url, "add", job("clip"))
    assert call_store(redis_url, "cancel", "clip")
    assert one.claim(timeout=0.01) is None
    assert status(redis_url, "clip").state == "aborted"
    assert client.xlen(JOB_QUEUE) == 0


def test_a_worker_learns_of_a_cancelled_job_and_finishes_it(client: Redis, redis_url: str) -> None:
    one = queue(client)
    call_store(redis_url, "add", job("clip"))
    mine = claimed(one)
    assert call_store(redis_url, "cancel", "clip")
    assert one.report(mine, {"position": 3.0}) == "aborted"
    assert one.finish(mine, "completed", {"position": 3.0})
    now = status(redis_url, "clip")
    assert (now.state, now.position) == ("aborted", 3.0)
    assert client.xlen(JOB_QUEUE) == 0


@pytest.mark.parametrize("running", [False, True])
def test_a_removed_job_leaves_no_key(client: Redis, redis_url: str, *, running: bool) -> None:
    one = queue(client)
    call_store(redis_url, "add", job("clip"))
    mine = claimed(one) if running else None
    assert call_store(redis_url, "remove", "clip")
    assert not call_store(redis_url, "remove", "clip")
    assert not client.exists(JOBS, job_key("clip"))
    assert client.xlen(JOB_QUEUE) == 0
    if mine is not None:
        assert one.report(mine, {"position": 1.0}) == "lost"
        assert not one.finish(mine, "completed", {})
        assert not client.exists(job_key("clip"))


def test_an_entry_without_a_job_is_skipped(client: Redis, redis_url: str) -> None:
    one = queue(client)
    client.xadd(JOB_QUEUE, {"id": "gone"})
    call_store(redis_url, "add", job("clip"))
    assert claimed(one).job.id == "clip"


def test_jobs_of_other_versions_are_errors(client: Redis, redis_url: str) -> None:
    call_store(redis_url, "add", job("clip"))
    client.hset(JOBS, "old", '{"id": "old", "codec": "h264"}')
    client.hset(job_key("odd"), "state", "queued")
    client.hset(JOBS, "odd", "[]")
    shown = {record.job.id: record.status for record in call_store(redis_url, "all")}
    assert {id: status.state for id, status in shown.items()} == {
        "clip": "queued",
        "old": "error",
        "odd": "error",
    }
    assert shown["old"].reason.startswith("Job of another version of mien: name is invalid: ")
    client.xadd(JOB_QUEUE, {"id": "old"})
    client.xadd(JOB_QUEUE, {"other": "field"})
    client.hset(job_key("old"), mapping={"state": '"queued"', "fruitless": "many", "attempt": "some"})
    one = queue(client)
    assert claimed(one).job.id == "clip"
    assert [one.claim(timeout=0.01) for _ in range(2)] == [None, None]
    assert client.xlen(JOB_QUEUE) == 1  # the clip
    ended = decode_status(client.hgetall(job_key("old")))
    assert (ended.state, ended.attempt) == ("error", 1)
    assert ended.reason.startswith("Job of another version of mien: ")


def test_fields_of_newer_versions_are_ignored_and_missing_ones_get_their_default() -> None:
    stored = json.loads(encode_job(job("clip")))
    del stored["start"]
    read = decode_job(json.dumps(stored | {"language": "fr"}).encode())
    assert (read.id, read.start) == ("clip", 0.0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rate", 1e-300),
        ("rate", float("nan")),
        ("rate", "planted"),
        ("turn", "planted"),
        ("aspect", "planted"),
        ("duration", float("inf")),
        ("created_at", 1e300),
        ("width", -1),
        ("path", 7),
        ("start", float("nan")),
    ],
)
def test_a_job_with_a_bad_value_fails_with_a_sentence(
    client: Redis, redis_url: str, field: str, value: object
) -> None:
    call_store(redis_url, "add", job("clip"))
    stored = json.loads(encode_job(job("clip"))) | {field: value}
    client.hset(JOBS, "clip", json.dumps(stored))
    assert queue(client).claim(timeout=0.01) is None
    record = call_store(redis_url, "find", "clip")
    assert record.status.state == "error"
    assert record.status.reason.startswith(f"Job of another version of mien: {field} is invalid: ")
    assert "planted" not in record.status.reason
