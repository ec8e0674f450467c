"""Several engines give the same rows as a single process.

In the first test the parts run as on many machines, and one of each kind is killed. The cameras continue
meanwhile, so that frames are lost during a restart, or on a slow machine. Therefore exactly the frames that
the engines have read go through one pipeline in this process, and the rows are compared. They are equal
except for the wall clock: `captured_at` and other fields that end in `_at`. The timeline has media time in
whole microseconds, so that `smoothed` and `confidence` may differ in the last digit. The number of coverage
entries depends on the duration of a restart; of them the sums of frames are compared.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from engine.live.worker import Worker
from engine.loading import Networks, load_networks
from engine.pipeline import Pipeline
from engine.wire import encode_event
from ingest.bus.client import Redis
from ingest.bus.connection import connect
from ingest.bus.frame_stream import FrameStream
from ingest.bus.keys import frames_key, overview_key, timeline_key
from ingest.bus.wire import encode_frame
from ingest.files.recording import open_recording
from ingest.frame import Frame
from tests.api.verbs.portrait_clips import face_clip
from tests.clips import even
from tests.cluster import Cluster
from tests.deploy.parts import TIMEOUT, Api, Part, environment
from tests.engine.portrait import portrait_frame
from tests.waiting import until

Message = dict[str, Any]

RATE = 5.0  # frames a second, of the clips and of the readings
SIZES = {"wide.mp4": (320, 180), "tall.mp4": (240, 320)}
SOURCES = {"lobby": "wide.mp4", "hall": "tall.mp4", "yard": "tall.mp4", "door": "wide.mp4"}
SHARDS = {"lobby": 0, "hall": 1, "yard": 2, "door": 0}
LAST_DIGIT = 0.000_101


class Server:
    """A server of a cluster, which can be killed and started like a part."""

    def __init__(self, cluster: Cluster, port: int) -> None:
        self._cluster, self._port = cluster, port

    def kill(self) -> None:
        self._cluster.kill(self._port)

    def start(self) -> None:
        self._cluster.start(self._port)


@pytest.fixture(scope="module")
def networks() -> Networks:
    return load_networks()


@pytest.mark.parametrize("redis", ["one server", "cluster"])
def test_parts_on_many_machines_give_the_rows_of_one_process(
    redis: str, request: pytest.FixtureRequest, tmp_path: Path, networks: Networks
) -> None:
    """In a cluster also kill a server: the one with the frames of the second engine."""
    servers: list[Server] = []
    if redis == "cluster":
        cluster = request.getfixturevalue("cluster")
        redis_url = cluster.url
        servers = [Server(cluster, cluster.port_of(frames_key(1)))]
    else:
        redis_url = request.getfixturevalue("redis_url")
    media = tmp_path / "media"
    media.mkdir()
    for name, size in SIZES.items():
        face_clip(media / name, even(400, RATE), size=size)
    with ExitStack() as stack:
        settings = environment(redis_url, tmp_path, 3)

        def run(part: Part) -> Part:
            stack.callback(part.kill)
            return part

        engines = [run(Part(settings, "engine", "--shard", str(shard))) for shard in range(3)]
        ingests = [run(Part(settings, "ingest", "--shards", shards)) for shards in ("0", "1,2")]
        first, second = Api(settings), Api(settings)
        run(first), run(second)
        until(lambda: first.is_ready() and second.is_ready(), TIMEOUT, "all parts to be ready")
        for api, (name, clip) in zip((first, second) * 2, SOURCES.items(), strict=True):
            added = api.request("/v1/sources", {"name": name, "url": clip, "rate": RATE})
            assert added["shard"] == SHARDS[name]
        _wait_for_more(second, 5)
        victims: list[Part | Server] = [engines[1], first, ingests[1], *servers]
        for killed in victims:
            killed.kill()
            killed.start()
            _wait_for_more(second, 3)
        until(first.is_ready, TIMEOUT, "the API that was killed")
        for ingest in ingests:
            ingest.stop()
        timelines = until(lambda: _ended(second), TIMEOUT, "the end of what is open")
        assert timelines == {source: first.timeline(source) for source in SOURCES}
    for source, messages in timelines.items():
        times = _times(messages)
        connections = {connection for connection, _ in times}
        assert len(connections) == (1 if SHARDS[source] == 0 else 2)
        expected = _single_process(networks, source, media / SOURCES[source], times)
        assert _frames(messages) == _frames(expected)
        _assert_same(_rows(messages), _rows(expected))


def test_two_shards_give_the_rows_of_one(redis_url: str, networks: Networks) -> None:
    frames = [portrait_frame(number, source=source) for number in range(25) for source in ("lobby", "hall")]
    one = _work(redis_url, networks, [(0, frame) for frame in frames])
    with connect(redis_url) as client:
        client.execute_command("FLUSHALL")
    two = _work(redis_url, networks, [(int(frame.source == "hall"), frame) for frame in frames])
    assert len(one["lobby"]) == 26 + 2  # the start, the readings, and two seconds of the overview
    assert one == two


def _work(url: str, networks: Networks, frames: list[tuple[int, Frame]]) -> dict[str, list[Message]]:
    """Read the frames with an engine for each shard; return all entries of each source."""
    client, shards = connect(url), {shard for shard, _ in frames}
    workers = [Worker(connect(url), Pipeline(networks), shard) for shard in shards]
    threads = [Thread(target=worker.run) for worker in workers]
    for thread in threads:
        thread.start()
    try:
        for shard, frame in frames:
            FrameStream(client, shard).push(encode_frame(frame))
        with connect(url) as client:
            until(lambda: not any(client.xlen(frames_key(shard)) for shard in shards), TIMEOUT, "all frames")
            return {source: list(_entries(client, source)) for source in ("lobby", "hall")}
    finally:
        for worker in workers:
            worker.stopping = True
        for thread in threads:
            thread.join()


def _entries(client: Redis, source: str) -> Iterator[Message]:
    for key in (timeline_key(source), overview_key(source)):
        for _, fields in client.xrange(key):
            if fields[b"type"] == b"seconds":
                yield {"seconds": fields[b"body"].decode()}
            else:
                yield {**json.loads(fields[b"body"]), "result_at": None}


def _wait_for_more(api: Api, frames: int) -> None:
    """Wait until so many more frames of each source have been read."""
    before = {source: _read(api.timeline(source)) for source in SOURCES}
    for source in SOURCES:
        until(
            lambda: len(_read(api.timeline(source)) - before[source]) >= frames,  # noqa: B023
            TIMEOUT,
            f"readings of {source}",
        )


def _read(messages: list[Message]) -> set[tuple[int, int]]:
    return {(each["connection"], each["frame"]) for each in messages if each["type"] == "reading"}


def _ended(api: Api) -> dict[str, list[Message]] | None:
    """Return the timelines when the coverage contains all frames that were read; None before."""
    timelines = {source: api.timeline(source) for source in SOURCES}
    complete = all(_frames(messages)[0] == len(_read(messages)) for messages in timelines.values())
    return timelines if complete else None


def _times(messages: list[Message]) -> dict[tuple[int, int], int]:
    """Return the media times (ns) of all frames that were read, by connection and number."""
    readings = [message for message in messages if message["type"] == "reading"]
    times = {(each["connection"], each["frame"]): round(each["media_time"] * 1e6) * 1000 for each in readings}
    assert len(times) == len(readings), "a frame was read twice"
    return times


def _single_process(
    networks: Networks, source: str, clip: Path, times: dict[tuple[int, int], int]
) -> list[Message]:
    """Return the messages of one pipeline for these frames of the clip."""
    with open_recording(clip, source, RATE) as recording:
        in_file = {frame.number: frame for frame in recording}
    frames = [
        replace(
            in_file[number],
            connection=connection,
            media_time=time,
            captured_at=datetime.now(UTC),
            clock="arrival",
        )
        for (connection, number), time in times.items()
    ]
    pipeline = Pipeline(networks)
    events = [event for several in pipeline.step(frames) for event in several] + pipeline.pause(source)
    return [json.loads(encode_event(event).body) for event in events]


def _frames(messages: list[Message]) -> tuple[int, int]:
    """Return how many frames were read and how many lost, by the coverage."""
    coverage = [message for message in messages if message["type"] == "coverage"]
    lost = sum(each["frames"] for each in coverage if each["kind"] == "dropped")
    return sum(each["frames"] for each in coverage) - lost, lost


def _rows(messages: list[Message]) -> list[Message]:
    """Return all rows but coverage and states, without fields of the wall clock."""
    return [
        {name: value for name, value in message.items() if name != "cursor" and not name.endswith("_at")}
        for message in messages
        if message["type"] not in ("coverage", "state")
    ]


def _assert_same(rows: list[Message], expected: list[Message]) -> None:
    assert len(rows) == len(expected)
    for row, other in zip(rows, expected, strict=True):
        for name in {"smoothed", "confidence"} & row.keys():
            assert row.pop(name) == pytest.approx(other.pop(name), abs=LAST_DIGIT)
        assert row == other
