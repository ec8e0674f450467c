"""Removed sources and old entries: their data is deleted, and so are late writes."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from ingest.bus.connection import connect
from ingest.bus.frame_stream import FrameStream
from ingest.bus.keys import REMOVED, keys_of, overview_key, timeline_key
from ingest.bus.previews import Previews
from ingest.bus.source_config import SourceConfig, encode_config
from ingest.bus.timeline import Timeline
from ingest.bus.wire import SourceState, encode_state
from tests.api.problem_details import problem
from tests.api.serving import Api, configure, reading, serving, write
from tests.waiting import until

CAMERA = {"name": "Front door", "url": "rtsp://viewer:planted@192.0.2.7/1?key=planted"}


@pytest.fixture
def api(redis_url: str, tmp_path: Path) -> Iterator[Api]:
    with serving(redis_url, tmp_path) as served:
        yield served


@pytest.fixture
def http(api: Api) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=api.http) as client:
        yield client


def test_removal_deletes_the_data_and_late_writes(api: Api, http: httpx.Client) -> None:
    configure(api.redis_url)
    state = SourceState("lobby", "live", "", datetime.now(UTC))
    with connect(api.redis_url) as client:
        timeline = Timeline(client)
        timeline.push([encode_state(state)])
        Previews(client).put("lobby", b"jpeg", 1)
        write(api.redis_url, [reading(1)])
        assert http.delete("/v1/sources/lobby").status_code == 204
        assert not client.exists(*keys_of("lobby"))
        timeline.push([encode_state(state)])
        until(lambda: not client.exists(*keys_of("lobby")), 6, "the late entry is deleted")
        config = SourceConfig("lobby", "Lobby", "webcam:0", 10.0, 0.0)
        client.hset("sources", "lobby", encode_config(config))
        timeline.push([encode_state(state)])
        until(lambda: not client.zscore(REMOVED, "lobby"), 6, "the source no longer counts as removed")
        assert client.exists(timeline_key("lobby"))


def test_a_source_with_the_id_of_a_removed_one_begins_empty(api: Api, http: httpx.Client) -> None:
    assert http.post("/v1/sources", json=CAMERA).status_code == 201
    assert http.delete("/v1/sources/front-door").status_code == 204
    late = threading.Timer(1.0, push_late, [api.redis_url])
    late.start()
    added = http.post("/v1/sources", json=CAMERA)
    late.join()
    assert added.status_code == 201
    with connect(api.redis_url) as client:
        assert FrameStream(client).position("front-door") == 0
        assert not client.exists(*keys_of("front-door"))
        assert not client.zscore(REMOVED, "front-door")
    problem(http.post("/v1/sources", json=CAMERA), 409)


def push_late(redis_url: str) -> None:
    """Push a frame like a decoder that has not noticed the removal."""
    with connect(redis_url) as client:
        FrameStream(client).push({"source": "front-door", "media_time": 7, "grey": b""})


def test_old_entries_are_deleted_even_if_their_source_writes_no_more(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIEN_RETENTION", "2h")
    configure(redis_url)
    with connect(redis_url) as client:
        for hours in (3, 1):
            id = f"{int((time.time() - 3600 * hours) * 1000)}-0"
            for stream in (timeline_key("lobby"), overview_key("lobby")):
                client.xadd(stream, {"type": "state", "body": "{}"}, id=id)
        with serving(redis_url, tmp_path):
            until(lambda: client.xlen(timeline_key("lobby")) == 1, 6, "the older entry is deleted")
            until(lambda: client.xlen(overview_key("lobby")) == 1, 6, "in the overview as well")
        assert client.xrange(timeline_key("lobby"))[0][0].decode() == id
        assert client.xrange(overview_key("lobby"))[0][0].decode() == id
