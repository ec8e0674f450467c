"""API and jobs on a Redis Cluster of three real servers; for the engines see test_sharding."""

import asyncio
import gc
from collections.abc import Iterator
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect as open_websocket

from api.stream.broadcast import Broadcasts
from deploy.redis_server import ServerError, check_server
from ingest.bus.connection import connect, connect_async
from ingest.bus.keys import SOURCES, timeline_key
from ingest.bus.previews import Previews
from ingest.bus.timeline import Timeline, TimelineEntry
from tests.api.verbs.portrait_clips import face_clip
from tests.clips import even
from tests.cluster import Cluster
from tests.deploy.parts import TIMEOUT, Api, Part, environment
from tests.waiting import until

NAMES = ("lobby", "hall", "cellar")  # with keys on three servers


@pytest.fixture
def api(cluster: Cluster, tmp_path: Path) -> Iterator[Api]:
    (tmp_path / "media").mkdir()
    started = Api(environment(cluster.url, tmp_path, 1))
    try:
        until(lambda: answers(started), TIMEOUT, "the API")
        yield started
    finally:
        started.kill()


def answers(api: Api) -> bool:
    try:
        return httpx.get(f"{api.url}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def test_sources_are_added_changed_watched_and_removed_to_the_last_key(cluster: Cluster, api: Api) -> None:
    with connect(cluster.url) as client, httpx.Client(base_url=api.url) as http:
        timeline, previews = Timeline(client), Previews(client)
        for name in NAMES:
            answer = http.post("/v1/sources", json={"name": name, "url": "rtsp://192.0.2.1/door"})
            assert answer.status_code == 201
            assert http.post("/v1/sources", json=answer.json()).status_code in (409, 422)
            timeline.push([TimelineEntry(name, "face.start", b'{"type":"face.start"}')])
            previews.put(name, b"clear", 1)
            assert http.get(f"/v1/sources/{name}/preview.jpg").content == b"clear"
            assert http.patch(f"/v1/sources/{name}", json={"picture": "blurred"}).status_code == 200
            previews.put(name, b"coarse", 2, "blurred")
            assert http.get(f"/v1/sources/{name}/preview.jpg").content == b"coarse"
            with open_websocket(f"ws{api.url[4:]}/v1/sources/{name}/live?after=0-0") as live:
                assert '"type":"face.start"' in str(live.recv())
        assert len(http.get("/v1/sources").json()) == 3
        assert "mien_frames_waiting" in http.get("/metrics").text
        for name in NAMES:
            assert http.delete(f"/v1/sources/{name}").status_code == 204
            assert not client.exists(timeline_key(name))
        assert [key for key in cluster.all_keys() if any(name.encode() in key for name in NAMES)] == []


def test_a_recording_is_read(cluster: Cluster, api: Api, tmp_path: Path) -> None:
    clip = tmp_path / "media" / "clip.mp4"
    face_clip(clip, even(25, 25.0), size=(320, 180))
    jobs = Part(environment(cluster.url, tmp_path, 1), "api.jobs")
    try:
        with httpx.Client(base_url=api.url) as http:
            added = http.post("/v1/recordings", json={"path": "clip.mp4"})
            assert added.status_code == 201, added.text
            path = f"/v1/recordings/{added.json()['id']}"

            def done() -> Any:
                shown = http.get(path).json()
                return shown if shown["state"] in ("completed", "error") else None

            shown = until(done, TIMEOUT, "the recording")
            assert (shown["state"], shown["faces"], shown["readings"]) == ("completed", 1, 13)
            assert http.delete(path).status_code == 204
    finally:
        jobs.kill()


# The cluster client of redis-py closes connections that are still being opened, and leaks their sockets.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_broadcasts_outlive_the_restart_of_each_server(cluster: Cluster) -> None:
    """Twenty readers wait for entries, while their connections are closed and opened."""
    names = [f"camera-{number}" for number in range(20)]

    async def run() -> None:
        async with (
            aclosing(connect_async(cluster.url)) as client,
            aclosing(connect_async(cluster.url)) as readers,
            AsyncExitStack() as stack,
        ):
            for name in names:
                await client.hset(SOURCES, name, "{}")
            broadcasts = Broadcasts(client, readers)
            joined = {name: await stack.enter_async_context(broadcasts.join(name)) for name in names}
            for port in cluster.ports:
                cluster.kill(port)
                cluster.launch(port)
                await asyncio.to_thread(cluster.wait)
                for name, (_, queue) in joined.items():
                    await client.xadd(timeline_key(name), {"type": "reading", "body": b"{}"})
                    async with asyncio.timeout(TIMEOUT):
                        while not (await queue.take()).items:
                            pass

    asyncio.run(run())
    gc.collect()


def test_each_server_is_checked_before_pictures_go_to_it(cluster: Cluster) -> None:
    assert check_server(cluster.url) == ""
    *_, last = cluster.clients()
    last.execute_command("CONFIG SET", "auto-aof-rewrite-percentage", 100)
    try:
        with pytest.raises(ServerError, match=r"got auto-aof-rewrite-percentage 100$"):
            check_server(cluster.url)
    finally:
        last.execute_command("CONFIG SET", "auto-aof-rewrite-percentage", 0)
