"""The engine on a real Redis: every frame's readings exactly once, whatever is lost when."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import count
from threading import Thread
from typing import Any

import pytest
import redis

from engine.live.backlog import CAPACITY_WINDOW, STALE_AFTER, Limits
from engine.live.worker import Worker
from engine.loading import Networks, load_networks
from engine.pipeline import Pipeline
from ingest.bus.client import Redis
from ingest.bus.connection import connect
from ingest.bus.frame_stream import GROUP, FrameStream
from ingest.bus.keys import SOURCES, counts_key, engine_key, frames_key, keys_of, overview_key, timeline_key
from ingest.bus.source_config import SourceConfig, encode_config
from ingest.bus.wire import encode_frame
from tests.cluster import Cluster
from tests.engine.portrait import portrait_frame
from tests.waiting import until


@pytest.fixture(scope="module")
def networks() -> Networks:
    return load_networks()


def lose(client: Redis, losses: Mapping[int, str]) -> Redis:
    """Make a client lose its connection at some transactions: before they are carried out, or after."""
    open_pipeline, numbers = client.pipeline, count(1)

    def opened(*, transaction: bool) -> Any:
        pipeline = open_pipeline(transaction=transaction)
        execute, loss = pipeline.execute, losses.get(next(numbers)) if transaction else None

        def lossy() -> Any:
            told = None if loss == "before" else execute()
            if loss:
                raise redis.ConnectionError("lost")
            return told

        pipeline.execute = lossy  # type: ignore[method-assign]
        return pipeline

    client.pipeline = opened  # type: ignore[method-assign]
    return client


def push(client: Redis, numbers: Iterable[int], source: str = "lobby", connection: int = 1) -> None:
    for number in numbers:
        FrameStream(client).push(encode_frame(portrait_frame(number, source=source, connection=connection)))


def push_live(client: Redis, numbers: Iterable[int], *sources: str) -> None:
    for number in numbers:
        for source in sources:
            frame = portrait_frame(number, source=source, connection=1, live=True)
            FrameStream(client).push(encode_frame(frame))


def work(client: Redis, networks: Networks) -> None:
    Worker(client, Pipeline(networks)).run(until_empty=True)


def messages(url: str, source: str = "lobby") -> list[dict[str, Any]]:
    client = connect(url)
    return [json.loads(fields[b"body"]) for _, fields in client.xrange(timeline_key(source))]


def frames_read(url: str, source: str = "lobby") -> Counter[int]:
    return Counter(message["frame"] for message in messages(url, source) if message["type"] == "reading")


def test_frames_become_a_timeline(redis_url: str, networks: Networks) -> None:
    client = connect(redis_url)
    push(client, range(12))
    work(client, networks)
    assert frames_read(redis_url) == Counter(range(12))
    first = messages(redis_url)[0]
    assert (first["type"], first["track"]) == ("face.start", 1)
    reading = next(message for message in messages(redis_url) if message["type"] == "reading")
    assert reading["result_at"] is not None


def test_frames_are_gone_from_the_bus_when_they_are_done(redis_url: str, networks: Networks) -> None:
    client = connect(redis_url)
    push(client, range(5))
    work(client, networks)
    client = connect(redis_url)
    assert client.xlen(frames_key(0)) == 0


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
    """A commit is a transaction for each source and one for the frames: one is lost, carried out or not."""
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
def test_frames_of_two_connections_that_come_again_in_a_cluster_are_read_once(
    cluster: Cluster, networks: Networks, losses: dict[int, str]
) -> None:
    """The camera comes back while frames of before still wait: the source's state knows its newest alone."""
    with connect(cluster.url, retries=0) as client:
        lose(client, losses)
        push(client, range(4), connection=1)
        push(client, range(4), connection=2)
        push(client, range(4), "hall")
        work(client, networks)
        told = [each for each in messages(cluster.url) if each["type"] == "reading"]
        assert Counter((each["connection"], each["frame"]) for each in told) == Counter(
            (connection, frame) for connection in (1, 2) for frame in range(4)
        )
        assert frames_read(cluster.url, "hall") == Counter(range(4))
        assert client.hget(counts_key("lobby"), "readings") == b"8"


@pytest.mark.parametrize("loss", ["before", "after"])
def test_batches_that_wait_and_leave_in_part_lose_and_double_nothing(
    redis_url: str, networks: Networks, loss: str
) -> None:
    """Three faces fill a batch, ten are there: some wait each time that the connection is lost."""
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
    assert client.xlen(frames_key(0)) == client.xpending(frames_key(0), GROUP)["pending"] == 0


def test_frames_of_several_reads_are_committed_together(redis_url: str, networks: Networks) -> None:
    client = connect(redis_url)

    def waiting() -> int:
        """Frames that the worker has taken and not acknowledged."""
        return int(client.xpending(frames_key(0), GROUP)["pending"])

    client = connect(redis_url)
    FrameStream(client).join()
    worker = Worker(connect(redis_url), Pipeline(networks), limits=Limits(delay=60.0))
    working = Thread(target=worker.run)
    working.start()
    try:
        for number in range(2):
            push(client, [number])
            until(lambda: waiting() == number + 1, 20, "the frame to be taken")  # noqa: B023
        assert not messages(redis_url)
        push(client, range(2, 64))
        until(lambda: not waiting() and len(messages(redis_url)) == 65, 60, "a full batch")
    finally:
        worker.stopping = True
        working.join()
    assert frames_read(redis_url) == Counter(range(64))


def test_frames_that_grow_old_in_a_batch_are_left_out_and_counted(redis_url: str, networks: Networks) -> None:
    client = connect(redis_url)
    FrameStream(client).join()
    for number in range(5):
        FrameStream(client).push(encode_frame(portrait_frame(number, connection=1, live=True)))
    Worker(connect(redis_url), Pipeline(networks), limits=Limits(delay=2 * STALE_AFTER)).run(until_empty=True)
    assert frames_read(redis_url) == Counter([4])
    client = connect(redis_url)
    assert client.hget(counts_key("lobby"), "late") == b"4"
    assert client.xlen(frames_key(0)) == 0


def seconds_of(url: str) -> list[list[int]]:
    """Track, milliseconds, label and percents of each entry, which here have one face each."""
    client = connect(url)
    entries = [fields for _, fields in client.xrange(overview_key("lobby"))]
    bodies = [fields[b"body"].decode() for fields in entries if fields[b"type"] == b"seconds"]
    return [[int(number) for number in re.split("[ ,]", body)] for body in bodies]


@pytest.mark.parametrize("losses", [{}, {0: "before", 1: "after", 2: "before"}])
def test_each_second_comes_into_the_overview_once_whoever_reads_it(
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


def test_a_new_worker_goes_on_with_the_same_track(redis_url: str, networks: Networks) -> None:
    client = connect(redis_url)
    push(client, range(6))
    work(client, networks)
    push(client, range(6, 12))
    work(client, networks)
    assert frames_read(redis_url) == Counter(range(12))
    assert [message["track"] for message in messages(redis_url) if message["type"] == "face.start"] == [1]


def test_the_next_worker_reads_the_frames_that_a_dead_one_had_taken(
    redis_url: str, networks: Networks
) -> None:
    client = connect(redis_url)
    FrameStream(client).join()
    push(client, range(4))
    assert len(FrameStream(client).take(10, 0.1)) == 4  # taken, never acknowledged
    push(client, range(4, 8))
    work(client, networks)
    assert frames_read(redis_url) == Counter(range(8))


def test_frames_that_were_trimmed_are_counted_as_dropped(redis_url: str, networks: Networks) -> None:
    client = connect(redis_url)
    push(client, [0, 1, 2, 7, 8])
    work(client, networks)
    dropped = [message for message in messages(redis_url) if message.get("kind") == "dropped"]
    assert [message["frames"] for message in dropped] == [4]


def test_an_entry_that_is_no_frame_is_logged_and_skipped(
    redis_url: str, networks: Networks, caplog: pytest.LogCaptureFixture
) -> None:
    client = connect(redis_url)
    FrameStream(client).push({"source": "lobby", "media_time": 0, "grey": b"short"})
    push(client, range(2))
    work(client, networks)
    assert frames_read(redis_url) == Counter(range(2))
    assert "not a frame" in caplog.text


def test_a_state_of_another_version_is_logged_and_the_source_starts_again(
    redis_url: str, networks: Networks, caplog: pytest.LogCaptureFixture
) -> None:
    client = connect(redis_url)
    client.set(engine_key("lobby"), b'{"connection": 1, "tracker": {"tracks": []}}')
    push(client, range(3))
    work(client, networks)
    assert frames_read(redis_url) == Counter(range(3))
    assert "lobby: not a state of this version" in caplog.text


def test_a_source_added_under_the_name_of_a_removed_one_starts_fresh(
    redis_url: str, networks: Networks
) -> None:
    client, pipeline = connect(redis_url), Pipeline(networks)
    client.hset(SOURCES, "lobby", encode_config(SourceConfig("lobby", "Lobby", "file:lobby.mp4", 10.0, 1.0)))
    worker = Worker(client, pipeline)
    working = Thread(target=worker.run)
    working.start()
    try:
        pusher = connect(redis_url)
        push(pusher, range(50, 53))
        until(lambda: len(frames_read(redis_url)) == 3, 5, "the first readings")
        client.hdel(SOURCES, "lobby")
        client.delete(*keys_of("lobby"))
        until(lambda: "lobby" not in pipeline.sources(), 5, "the removal to be noticed")
        FrameStream(pusher).push(encode_frame(portrait_frame(0, connection=2)))
        until(lambda: frames_read(redis_url), 5, "a reading of the new source")
    finally:
        worker.stopping = True
        working.join()
    assert [message["type"] for message in messages(redis_url)] == ["face.start", "reading"]


def refusals(client: Redis) -> int:
    """Return the number of commands that the server refused for lack of memory."""
    return int(client.info("errorstats").get("errorstat_OOM", {"count": 0})["count"])


def test_a_server_that_refuses_writes_is_logged_once_and_awaited(
    redis_url: str, networks: Networks, caplog: pytest.LogCaptureFixture
) -> None:
    """Every write gets an error until there is room again, as with a full disk."""
    client = connect(redis_url)
    push(connect(redis_url), range(3))
    before = refusals(client)
    client.config_set("maxmemory", 1)
    worker = Worker(connect(redis_url), Pipeline(networks))
    working = Thread(target=worker.run)
    working.start()
    try:
        until(lambda: refusals(client) >= before + 3, 5, "some tries")
        client.config_set("maxmemory", 0)
        until(lambda: len(frames_read(redis_url)) == 3, 5, "the readings")
    finally:
        client.config_set("maxmemory", 0)
        worker.stopping = True
        working.join()
    assert caplog.text.count("continuing from the last commit") == 1
    assert frames_read(redis_url) == Counter(range(3))


def test_a_quiet_source_has_no_open_tracks(redis_url: str, networks: Networks) -> None:
    def kinds() -> list[str]:
        return [message["type"] for message in messages(redis_url) if message["type"] != "reading"]

    client = connect(redis_url)
    client.hset(SOURCES, "lobby", encode_config(SourceConfig("lobby", "Lobby", "file:lobby.mp4", 10.0, 1.0)))
    push(connect(redis_url), range(3))
    work(connect(redis_url), networks)  # this worker is gone when the source falls silent
    worker = Worker(connect(redis_url), Pipeline(networks), quiet_after=0.1)
    working = Thread(target=worker.run)
    working.start()
    try:
        until(lambda: "coverage" in kinds(), 5, "the end of what was open")
        push(connect(redis_url), range(3, 5))
        until(lambda: kinds().count("coverage") == 2, 5, "the end of what was opened anew")
    finally:
        worker.stopping = True
        working.join()
    assert [kind for kind in kinds() if kind != "span"] == ["face.start", "face.end", "coverage"] * 2
    assert frames_read(redis_url) == Counter(range(5))
    told = [message for message in messages(redis_url) if message["type"] == "coverage"]
    assert [(each["started"], each["ended"]) for each in told] == [(0, 0.2), (0.2, 0.4)]
    assert len(seconds_of(redis_url)) == 2  # what there was of the second, at each end


def test_a_slow_engine_shares_its_capacity_among_the_sources(redis_url: str, networks: Networks) -> None:
    limits = Limits(stale_after=60.0, turn_time=0.0)  # capacity for one frame once turns are known
    client, names = connect(redis_url), ("lobby", "yard")
    worker = Worker(client, Pipeline(networks), limits=limits)
    for number in range(CAPACITY_WINDOW):
        push_live(client, [number], *names)
        worker.run(until_empty=True)
    push_live(client, range(CAPACITY_WINDOW, CAPACITY_WINDOW + 10), *names)
    worker.run(until_empty=True)
    for name in names:
        assert frames_read(redis_url, name) == Counter([*range(CAPACITY_WINDOW), CAPACITY_WINDOW + 9])
