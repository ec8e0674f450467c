"""The engine on a real Redis: frames become timelines, states survive it, and old frames are skipped."""

from collections import Counter
from threading import Thread

import pytest

from engine.live.backlog import CAPACITY_WINDOW, STALE_AFTER, Limits
from engine.live.worker import Worker
from engine.loading import Networks
from engine.pipeline import Pipeline
from ingest.bus.client import Redis
from ingest.bus.connection import connect
from ingest.bus.frame_stream import GROUP, FrameStream
from ingest.bus.keys import SOURCES, counts_key, engine_key, frames_key, keys_of
from ingest.bus.source_config import SourceConfig, encode_config
from ingest.bus.wire import encode_frame
from tests.engine.live.working import frames_read, messages, push, push_live, seconds_of, work
from tests.engine.portrait import portrait_frame
from tests.waiting import until


def test_frames_become_a_timeline(redis_url: str, networks: Networks) -> None:
    client = connect(redis_url)
    push(client, range(12))
    work(client, networks)
    assert frames_read(redis_url) == Counter(range(12))
    first = messages(redis_url)[0]
    assert (first["type"], first["track"]) == ("face.start", 1)
    reading = next(message for message in messages(redis_url) if message["type"] == "reading")
    assert reading["result_at"] is not None


def test_committed_frames_are_deleted_from_redis(redis_url: str, networks: Networks) -> None:
    client = connect(redis_url)
    push(client, range(5))
    work(client, networks)
    client = connect(redis_url)
    assert client.xlen(frames_key(0)) == 0


def test_frames_of_several_reads_are_committed_together(redis_url: str, networks: Networks) -> None:
    client = connect(redis_url)

    def waiting() -> int:
        """Return the number of frames that the worker has taken and not acknowledged."""
        return int(client.execute_command("XPENDING", frames_key(0), GROUP)["pending"])

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


def test_frames_that_become_stale_in_a_batch_are_skipped_and_counted(
    redis_url: str, networks: Networks
) -> None:
    client = connect(redis_url)
    FrameStream(client).join()
    for number in range(5):
        FrameStream(client).push(encode_frame(portrait_frame(number, connection=1, live=True)))
    Worker(connect(redis_url), Pipeline(networks), limits=Limits(delay=2 * STALE_AFTER)).run(until_empty=True)
    assert frames_read(redis_url) == Counter([4])
    client = connect(redis_url)
    assert client.hget(counts_key("lobby"), "late") == b"4"
    assert client.xlen(frames_key(0)) == 0


def test_a_new_worker_continues_the_same_track(redis_url: str, networks: Networks) -> None:
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


def test_a_source_with_the_name_of_a_removed_one_starts_without_a_state(
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
    client.execute_command("CONFIG SET", "maxmemory", 1)
    worker = Worker(connect(redis_url), Pipeline(networks))
    working = Thread(target=worker.run)
    working.start()
    try:
        until(lambda: refusals(client) >= before + 3, 5, "some tries")
        client.execute_command("CONFIG SET", "maxmemory", 0)
        until(lambda: len(frames_read(redis_url)) == 3, 5, "the readings")
    finally:
        client.execute_command("CONFIG SET", "maxmemory", 0)
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
    segments = [message for message in messages(redis_url) if message["type"] == "coverage"]
    assert [(each["started"], each["ended"]) for each in segments] == [(0, 0.2), (0.2, 0.4)]
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
