"""Two engines, or two ingests, of one shard: only the holder of the lease works."""

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise

import pytest

from engine.live.worker import Worker
from engine.loading import Networks
from engine.pipeline import Pipeline
from ingest.bus.client import Redis
from ingest.bus.connection import connect
from ingest.bus.frame_stream import FrameStream
from ingest.bus.heartbeat import has_local_heartbeat
from ingest.bus.keys import frames_key, waiting_key
from ingest.bus.lease import EXPIRY, Lease, LeaseLostError, process_name
from ingest.bus.wire import encode_frame
from tests.engine.live.working import frames_read, messages, push
from tests.engine.portrait import portrait_frame

ELSEWHERE = "pid:[1]/elsewhere:1"  # a process of another machine


@pytest.fixture
def client(redis_url: str) -> Iterator[Redis]:
    with connect(redis_url, retries=0) as client:
        yield client


def test_only_one_process_holds_a_lease(client: Redis) -> None:
    first, second = Lease(client, "engine", 0), Lease(client, "engine", 0, ELSEWHERE)
    first.take()
    first.take()
    with pytest.raises(LeaseLostError, match=f"engine:0 is run by another process .*:{os.getpid()}"):
        second.take()
    assert client.get(waiting_key("engine:0")) == ELSEWHERE.encode()
    Lease(client, "engine", 1, ELSEWHERE).take()
    first.release()
    second.take()
    first.release()  # it is not its own any more
    with pytest.raises(LeaseLostError):
        first.take()


def test_a_lease_of_a_process_that_has_ended_is_taken_at_once(client: Redis) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        Lease(client, "ingest", 0, process_name(ended.pid)).take()
    Lease(client, "ingest", 0).take()


def test_a_lease_expires_soon_even_if_the_clock_was_set_back(client: Redis) -> None:
    lease = Lease(client, "engine", 0, ELSEWHERE)
    lease.take()
    client.pexpire(lease.key, 3_600_000)
    with pytest.raises(LeaseLostError):
        Lease(client, "engine", 0).take()
    assert 0 < client.pttl(lease.key) <= EXPIRY


def test_an_engine_without_the_lease_waits_and_then_takes_over(
    client: Redis, redis_url: str, networks: Networks, caplog: pytest.LogCaptureFixture
) -> None:
    push(client, range(8))
    holder = Lease(client, "engine", 0, ELSEWHERE)
    holder.take()
    worker = Worker(client, Pipeline(networks))
    report = worker._report_waiting

    def report_and_release(error: Exception) -> None:
        report(error)
        holder.release()

    worker._report_waiting = report_and_release  # type: ignore[method-assign]
    worker.run(until_empty=True)
    assert caplog.text.count("engine:0 is run by another process (elsewhere:1): waiting for its end") == 1
    assert has_local_heartbeat(client, "engine:0")  # for its supervisor
    assert frames_read(redis_url) == dict.fromkeys(range(8), 1)


def test_an_engine_that_lost_its_lease_commits_nothing(
    client: Redis, redis_url: str, networks: Networks
) -> None:
    """It had stepped frames when it was stopped; another one takes over and reads them."""
    push(client, range(8))
    other = Lease(client, "engine", 0, ELSEWHERE)
    stopped = Worker(client, Pipeline(networks))
    commit = stopped._timeline.commit

    def lose_lease(*arguments: object) -> None:
        client.delete(other.key)
        other.take()
        commit(*arguments)  # type: ignore[arg-type]

    stopped._timeline.commit = lose_lease  # type: ignore[method-assign,assignment]
    stopped._report_waiting = lambda _: setattr(stopped, "stopping", True)  # type: ignore[method-assign,assignment]
    stopped.run()
    assert messages(redis_url) == []
    Worker(client, Pipeline(networks), lease=other).run(until_empty=True)
    assert frames_read(redis_url) == dict.fromkeys(range(8), 1)
    coverage = [each for each in messages(redis_url) if each["type"] == "coverage"]
    assert all(before["ended"] == after["started"] for before, after in pairwise(coverage))


def test_frames_of_an_ingest_without_the_lease_are_refused(client: Redis) -> None:
    Lease(client, "ingest", 0, ELSEWHERE).take()
    frame = encode_frame(portrait_frame(1, source="lobby", connection=1))
    FrameStream(client, 0, ELSEWHERE).push(frame)
    with pytest.raises(LeaseLostError, match="another ingest reads the source"):
        FrameStream(client, 0, process_name(os.getpid())).push(frame)
    assert client.xlen(frames_key(0)) == 1
