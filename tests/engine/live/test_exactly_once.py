"""Connections are lost at commits: each frame's readings are written exactly once."""

from collections import Counter

import pytest

from engine.live.backlog import Limits
from engine.live.worker import Worker
from engine.loading import Networks
from engine.pipeline import Pipeline
from ingest.bus.connection import connect
from ingest.bus.frame_stream import GROUP
from ingest.bus.keys import counts_key, frames_key
from tests.cluster import Cluster
from tests.engine.live.working import frames_read, lose, messages, push, seconds_of, work


@pytest.mark.parametrize("loss", ["before", "after"])
def test_a_connection_lost_at_a_commit_loses_and_doubles_nothing(
    redis_url: str, networks: Networks, loss: str
) -> None:
    client = lose(connect(redis_url), {0: loss, 1: loss, 3: loss})
    worker = Worker(client, Pipeline(networks))
    for start in range(0, 20, 4):
        push(client, range(start, start + 4))
        worker.run(until_empty=True)
    assert frames_read(redis_url) == Counter(range(20))
    client = connect(redis_url)
    assert client.hget(counts_key("lobby"), "readings") == b"20"
    assert {message["track"] for message in messages(redis_url) if "track" in message} == {1}


@pytest.mark.parametrize("lost_at", range(1, 8))
def test_a_connection_lost_between_two_servers_of_a_cluster_loses_and_doubles_nothing(
    cluster: Cluster, networks: Networks, lost_at: int
) -> None:
    """A commit is a transaction for each source and one for the frames; one of them is lost."""
    sources = ("lobby", "hall", "cellar")
    with connect(cluster.url, retries=0) as client:
        lose(client, {lost_at: "after", lost_at + 3: "before"})
        worker = Worker(client, Pipeline(networks))
        for start in range(0, 12, 4):
            for source in sources:
                push(client, range(start, start + 4), source)
            worker.run(until_empty=True)
        for source in sources:
            assert frames_read(cluster.url, source) == Counter(range(12))
            assert client.hget(counts_key(source), "readings") == b"12"
            assert {each["track"] for each in messages(cluster.url, source) if "track" in each} == {1}
        assert client.xlen(frames_key(0)) == 0


@pytest.mark.parametrize("losses", [{1: "after"}, {2: "before"}, {2: "after"}, {3: "before"}])
def test_repeated_frames_of_two_connections_in_a_cluster_are_read_once(
    cluster: Cluster, networks: Networks, losses: dict[int, str]
) -> None:
    """The camera reconnects while earlier frames wait; the state of the source covers only the newest."""
    with connect(cluster.url, retries=0) as client:
        lose(client, losses)
        push(client, range(4), connection=1)
        push(client, range(4), connection=2)
        push(client, range(4), "hall")
        work(client, networks)
        readings = [each for each in messages(cluster.url) if each["type"] == "reading"]
        assert Counter((each["connection"], each["frame"]) for each in readings) == Counter(
            (connection, frame) for connection in (1, 2) for frame in range(4)
        )
        assert frames_read(cluster.url, "hall") == Counter(range(4))
        assert client.hget(counts_key("lobby"), "readings") == b"8"


@pytest.mark.parametrize("loss", ["before", "after"])
def test_batches_of_only_some_waiting_frames_lose_and_double_nothing(
    redis_url: str, networks: Networks, loss: str
) -> None:
    """Three faces fill a batch and ten arrive, so some wait whenever the connection is lost."""
    client = lose(connect(redis_url), {1: loss, 2: loss, 5: loss})
    worker = Worker(client, Pipeline(networks), limits=Limits(delay=0.02, batch_faces=3))
    for start in range(0, 20, 5):
        for source in ("lobby", "hall"):
            push(client, range(start, start + 5), source)
        worker.run(until_empty=True)
    for source in ("lobby", "hall"):
        assert frames_read(redis_url, source) == Counter(range(20))
        frames = [each["frame"] for each in messages(redis_url, source) if each["type"] == "reading"]
        assert frames == sorted(frames)
    client = connect(redis_url)
    assert (
        client.xlen(frames_key(0)) == client.execute_command("XPENDING", frames_key(0), GROUP)["pending"] == 0
    )


@pytest.mark.parametrize("losses", [{}, {0: "before", 1: "after", 2: "before"}])
def test_each_second_is_in_the_overview_once_across_workers(
    redis_url: str, networks: Networks, losses: dict[int, str]
) -> None:
    for start in range(0, 24, 6):
        client = lose(connect(redis_url), losses)
        push(client, range(start, start + 6))
        Worker(client, Pipeline(networks)).run(until_empty=True)
    seconds = seconds_of(redis_url)
    assert [(track, time) for track, time, *_ in seconds] == [(1, 0), (1, 1000)]  # the third is open
    for _, _, label, *percents in seconds:
        assert -1 <= label < 7
        assert 97 <= sum(percents) <= 103
