"""Frames and previews never reach the disk; timelines do."""

import os

import pytest

from deploy.redis_server import RedisServer
from ingest.bus.aof import AppendOnlyFile
from ingest.bus.client import Redis
from ingest.bus.connection import connect
from ingest.bus.frame_stream import MIN_FRAMES, FrameStream
from ingest.bus.keys import SOURCES, frames_key, preview_key, state_key, timeline_key
from ingest.bus.previews import Previews
from ingest.bus.source_config import SourceConfig, encode_config
from ingest.bus.timeline import Timeline, TimelineEntry
from tests.ingest.append_only import on_disk
from tests.waiting import until

DOOR = SourceConfig("door", "Door", "webcam:0", 10.0, 0.0)
PIXELS = os.urandom(100_000)  # not to be compressed, so that it would be found as it is


def fill(client: Redis) -> None:
    """Push frames, a preview and a timeline entry."""
    client.hset(SOURCES, "door", encode_config(DOOR))
    FrameStream(client).join()
    for number in range(100):
        FrameStream(client).push({"source": "door", "media_time": number, "grey": PIXELS})
    Previews(client).put("door", PIXELS, 99)
    Timeline(client).push([TimelineEntry("door", "reading", b"{}")])


def test_frames_and_previews_are_in_redis_but_not_on_the_disk(server: RedisServer) -> None:
    with connect(server.url) as redis:
        fill(redis)
        assert FrameStream(redis).position("door") == 99
        ((_, fields),) = redis.xrevrange(frames_key(0), count=1)
        assert fields == {b"source": b"door", b"media_time": b"99", b"grey": PIXELS}
        assert redis.xlen(frames_key(0)) == MIN_FRAMES
        assert redis.hget(preview_key("door"), "jpeg") == PIXELS
        assert redis.execute_command("TTL", preview_key("door")) > 0
    server.stop()
    assert timeline_key("door").encode() in on_disk(server)
    assert PIXELS[:1000] not in on_disk(server)


def test_a_shard_with_many_cameras_keeps_more_frames(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_SHARDS", "2")
    with connect(redis_url) as redis:
        redis.hset(SOURCES, mapping={f"door {number}": "{}" for number in range(40)})
        stream = FrameStream(redis, 1)
        for number in range(200):
            stream.push({"source": "door", "media_time": number, "grey": b""})
        assert redis.xlen(frames_key(1)) == 160


def test_a_rewrite_erases_a_removed_source(server: RedisServer) -> None:
    with connect(server.url) as redis:
        redis.hset(SOURCES, "door", "rtsp://user:secret@192.0.2.7/")
        redis.hdel(SOURCES, "door")
        assert b"secret" in on_disk(server)
        assert AppendOnlyFile(redis).compact(force=True)
        until(lambda: b"secret" not in on_disk(server), 10, "the new file")


def test_a_rewritten_file_has_no_images(server: RedisServer) -> None:
    with connect(server.url) as redis:
        fill(redis)
        assert not AppendOnlyFile(redis).compact()  # not large enough
        assert AppendOnlyFile(redis, min_size=1).compact()
        until(lambda: redis.info("persistence")["aof_rewrites"] == 1, 5, "the new file")
        until(lambda: not redis.info("persistence")["aof_rewrite_in_progress"], 5, "the new file's end")
    server.stop()
    assert PIXELS[:1000] not in on_disk(server)
    server.start()
    with connect(server.url) as redis:
        assert redis.xlen(timeline_key("door")) == 1
        assert [group["name"] for group in redis.execute_command("XINFO GROUPS", frames_key(0))] == [
            b"engine"
        ]


def test_a_repeated_state_is_stored_once(redis_url: str) -> None:
    """Ingest repeats a write whose reply was lost."""
    live, away = (TimelineEntry("door", "state", b'{"state":"%s"}' % state) for state in (b"live", b"error"))
    with connect(redis_url) as client:
        for entry in (live, live, away, live):
            Timeline(client).push([entry])
        assert [fields[b"body"] for _, fields in client.xrange(timeline_key("door"))] == [
            entry.body for entry in (live, away, live)
        ]
        assert client.get(state_key("door")) == live.body
