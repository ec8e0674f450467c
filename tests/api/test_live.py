"""The websockets: history and live messages without a gap, resuming, heartbeats and previews."""

import asyncio
import struct
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from deploy.redis_server import RedisServer
from engine.wire import encode_event
from ingest.bus.connection import connect as connect_redis
from ingest.bus.keys import timeline_key, watch_key
from ingest.bus.previews import Previews
from tests.api.following import following, frames, receive, receive_until
from tests.api.serving import Api, configure, reading, serving, write
from tests.waiting import until


@pytest.fixture
def api(redis_url: str, tmp_path: Path) -> Iterator[Api]:
    configure(redis_url)
    with serving(redis_url, tmp_path) as served:
        yield served


def test_the_last_minute_is_sent_before_live_messages(api: Api) -> None:
    async def run() -> None:
        write(api.redis_url, [reading(number) for number in range(20)])
        async with following(api) as client:
            history = await receive_until(client, 19)
            write(api.redis_url, [reading(number) for number in range(20, 30)])
            live = await receive_until(client, 29)
        assert frames(history + live) == list(range(30))
        first = history[0]
        assert (first["source"], first["label"], first["box"]) == ("lobby", "happy", [0.25, 0.25, 0.75, 0.75])
        assert sum(first["smoothed"].values()) == pytest.approx(1, abs=0.001)

    asyncio.run(run())


def test_clients_that_join_at_any_moment_receive_each_message_once(api: Api) -> None:
    count = 300

    def write_all() -> None:
        for number in range(count):
            write(api.redis_url, [reading(number)])

    async def client_from(start: float) -> list[int]:
        await asyncio.sleep(start)
        async with following(api, "after=0") as client:
            return frames(await receive_until(client, count - 1))

    async def run() -> list[list[int]]:
        return await asyncio.gather(*(client_from(0.05 * number) for number in range(10)))

    writer = threading.Thread(target=write_all)
    writer.start()
    received = asyncio.run(run())
    writer.join()
    assert all(numbers == list(range(count)) for numbers in received)


def test_a_client_resumes_after_its_cursor_over_a_restart(redis_url: str, tmp_path: Path) -> None:
    configure(redis_url)
    write(redis_url, [reading(number) for number in range(10)])

    async def follow(api: Api, query: str, last: int) -> list[dict[str, Any]]:
        async with following(api, query) as client:
            return await receive_until(client, last)

    with serving(redis_url, tmp_path) as api:
        before = asyncio.run(follow(api, "after=0", 6))
    write(redis_url, [reading(number) for number in range(10, 20)])
    with serving(redis_url, tmp_path, api.port) as api:
        after = asyncio.run(follow(api, f"after={before[-1]['cursor']}", 19))
    assert frames(before + after) == list(range(20))


def test_connections_survive_a_restart_of_redis(tmp_path: Path) -> None:
    """Heartbeats continue while Redis is down, and messages after it; the source is still known."""
    with tempfile.TemporaryDirectory(prefix="mien-", dir="/tmp") as folder:
        server = RedisServer(Path(folder))
        server.start()
        configure(server.url)
        write(server.url, [reading(1)])

        async def run() -> None:
            with serving(server.url, tmp_path) as api:
                async with following(api) as client:
                    await receive_until(client, 1)
                    await asyncio.to_thread(server.stop)
                    for _ in range(3):
                        async with asyncio.timeout(2):
                            await receive(client, "heartbeat")
                    await asyncio.to_thread(server.start)
                    await asyncio.to_thread(write, server.url, [reading(2)])
                    assert frames(await receive_until(client, 2)) == [2]

        try:
            asyncio.run(run())
        finally:
            server.stop()


def test_open_connections_do_not_hold_up_the_stop(redis_url: str, tmp_path: Path) -> None:
    configure(redis_url)

    async def run() -> int:
        with serving(redis_url, tmp_path) as api:
            client = await connect(f"{api.ws}/v1/sources/lobby/live")
            await receive(client, "heartbeat")
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
        assert closed.value.rcvd is not None
        return closed.value.rcvd.code

    assert asyncio.run(run()) == 1012


@pytest.mark.parametrize(("start", "expected"), [("from=-10m", [1, 2]), ("from=-1h", [0, 1, 2]), ("", [2])])
def test_history_from_a_moment(api: Api, start: str, expected: list[int]) -> None:
    with connect_redis(api.redis_url) as client:
        for number, ago in enumerate([3000, 300, 0]):
            at = datetime.now(UTC) - timedelta(seconds=ago)
            body = encode_event(reading(number, ago=ago)).body
            id = f"{int(at.timestamp() * 1000)}-*"
            client.xadd(timeline_key("lobby"), {"type": "reading", "body": body}, id=id)

    async def run() -> list[int]:
        async with following(api, start) as client:
            return frames(await receive_until(client, 2))

    assert asyncio.run(run()) == expected


def test_heartbeats_hold_the_lag_of_the_newest_reading(api: Api) -> None:
    async def run() -> None:
        async with following(api) as client:
            beat = await receive(client, "heartbeat")
            assert (beat["source"], beat["lag"]) == ("lobby", None)
            write(api.redis_url, [reading(1, ago=5)])
            await receive(client)
            first, second = await receive(client, "heartbeat"), await receive(client, "heartbeat")
        assert first["lag"] >= 5
        apart = (datetime.fromisoformat(second["at"]) - datetime.fromisoformat(first["at"])).total_seconds()
        assert apart > 0.9
        assert second["lag"] - first["lag"] == pytest.approx(apart, abs=0.002)

    asyncio.run(run())


def test_previews_are_sent_while_a_client_watches(api: Api) -> None:
    async def run() -> None:
        client = connect_redis(api.redis_url)
        redis = Previews(client)
        async with connect(f"{api.ws}/v1/sources/lobby/frames") as watcher:
            await asyncio.to_thread(until, lambda: redis.is_watched("lobby"), 5, "the request for previews")
            for number in range(3):
                redis.put("lobby", b"jpeg %d" % number, -1 + number * 10**10)
                packed = await asyncio.wait_for(watcher.recv(), 5)
                assert packed == struct.pack("<q", -1 + number * 10**10) + b"jpeg %d" % number
            client.delete(watch_key("lobby"))
            await asyncio.to_thread(until, lambda: redis.is_watched("lobby"), 5, "the request is renewed")
        client.close()

    asyncio.run(run())
