"""The websockets: history and live without a gap, resuming, slow clients, and what is refused."""

import asyncio
import json
import socket
import struct
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from api.stream.client_queue import ClientQueue
from deploy.redis_server import RedisServer
from engine.records import Reading
from engine.wire import encode_event
from ingest.bus.connection import connect as connect_redis
from ingest.bus.keys import timeline_key, watch_key
from ingest.bus.previews import Previews
from tests.api.schema import parsed
from tests.api.serving import Api, configure, reading, refusing_writes, serving, write
from tests.waiting import until

Test = Callable[[Api], Coroutine[Any, Any, None]]


@pytest.fixture
def api(redis_url: str, tmp_path: Path) -> Iterator[Api]:
    configure(redis_url)
    with serving(redis_url, tmp_path) as served:
        yield served


@asynccontextmanager
async def following(api: Api, query: str = "") -> AsyncIterator[ClientConnection]:
    async with connect(f"{api.ws}/v1/sources/lobby/live?{query}", compression=None) as client:
        yield client


async def receive(client: ClientConnection, kind: str = "reading") -> dict[str, Any]:
    """The next message of this kind."""
    while True:
        message = parsed(await asyncio.wait_for(client.recv(), 10))
        if message["type"] == kind:
            return message


async def receive_until(client: ClientConnection, frame: int) -> list[dict[str, Any]]:
    """All readings up to that of a frame; only the first is held against the schema, which takes its time."""
    messages = [await receive(client)]
    while messages[-1]["frame"] != frame:
        message = json.loads(await asyncio.wait_for(client.recv(), 10))
        if message["type"] == "reading":
            messages.append(message)
    return messages


async def refused(client: ClientConnection) -> tuple[str, int]:
    """The code of the error message, and the code with which the connection was closed."""
    message = await receive(client, "error")
    with pytest.raises(ConnectionClosed) as closed:
        await asyncio.wait_for(client.recv(), 10)
    assert closed.value.rcvd is not None
    return message["code"], closed.value.rcvd.code


def frames(messages: list[dict[str, Any]]) -> list[int]:
    return [message["frame"] for message in messages]


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
    assert all(got == list(range(count)) for got in received)


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


def test_a_restart_of_redis_is_survived(tmp_path: Path) -> None:
    """The very same connections go on: messages, heartbeats, and the source is still there."""
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


@pytest.mark.parametrize(
    "query", ["after=x-1", "after=5", "after=99999999999999-0", "from=today", "from=12:00"]
)
def test_an_invalid_cursor_is_refused(api: Api, query: str) -> None:
    async def run() -> tuple[str, int]:
        async with following(api, query) as client:
            return await refused(client)

    assert asyncio.run(run()) == ("bad_cursor", 4400)


def test_a_cursor_older_than_the_retention_is_reported(api: Api) -> None:
    async def run() -> None:
        async with following(api, "after=1000-0") as client:
            assert (await receive(client, "error"))["code"] == "expired"
            write(api.redis_url, [reading(1)])
            assert (await receive(client))["frame"] == 1

    asyncio.run(run())


def test_a_client_is_told_to_retry_while_redis_is_away(tmp_path: Path) -> None:
    async def run(api: Api) -> tuple[str, int]:
        async with following(api) as client:
            return await refused(client)

    with serving("redis://127.0.0.1:1/0", tmp_path) as api:
        assert asyncio.run(run(api)) == ("unavailable", 1013)


@pytest.mark.parametrize("socket_name", ["live", "frames"])
def test_a_client_is_told_to_retry_while_redis_refuses_writes(api: Api, socket_name: str) -> None:
    """A source is not shown if the audit log cannot record it."""

    async def run() -> tuple[str, int]:
        async with connect(f"{api.ws}/v1/sources/lobby/{socket_name}") as client:
            return await refused(client)

    with refusing_writes(api.redis_url):
        assert asyncio.run(run()) == ("unavailable", 1013)


@pytest.mark.parametrize("socket_name", ["live", "frames"])
def test_an_unknown_source_is_refused(api: Api, socket_name: str) -> None:
    async def run() -> tuple[str, int]:
        async with connect(f"{api.ws}/v1/sources/nobody/{socket_name}") as client:
            return await refused(client)

    assert asyncio.run(run()) == ("unknown_source", 4404)


@pytest.mark.parametrize("socket_name", ["live", "frames"])
def test_a_client_is_told_when_the_source_is_removed(api: Api, socket_name: str) -> None:
    async def run() -> tuple[str, int]:
        async with (
            httpx.AsyncClient(base_url=api.http) as http,
            connect(f"{api.ws}/v1/sources/lobby/{socket_name}") as client,
        ):
            await asyncio.sleep(0)
            assert (await http.delete("/v1/sources/lobby")).status_code == 204
            return await refused(client)

    assert asyncio.run(run()) == ("removed", 4410)


def test_a_message_from_the_client_is_refused(api: Api) -> None:
    async def run() -> tuple[str, int]:
        async with following(api) as client:
            await client.send("hello")
            return await refused(client)

    assert asyncio.run(run()) == ("unexpected_message", 4400)


def test_websockets_from_other_sites_are_refused(api: Api) -> None:
    async def run(origin: str) -> None:
        async with connect(f"{api.ws}/v1/sources/lobby/live", origin=origin):  # type: ignore[arg-type]
            pass

    asyncio.run(run(api.http))
    with pytest.raises(InvalidStatus) as refused:
        asyncio.run(run("https://evil.example"))
    assert refused.value.response.status_code == 403


def test_many_clients_at_once_share_few_connections_to_redis(api: Api) -> None:
    def connections() -> int:
        with connect_redis(api.redis_url) as client:
            return len(client.execute_command("CLIENT LIST"))

    async def run() -> list[list[int]]:
        return await asyncio.gather(*(one_client() for _ in range(150)))

    async def one_client() -> list[int]:
        async with following(api, "after=0") as client:
            return frames(await receive_until(client, 99))

    write(api.redis_url, [reading(number) for number in range(100)])
    before = connections()
    assert asyncio.run(run()) == [list(range(100))] * 150
    # Those for commands, the one that reads the source for all, and such as are just being closed.
    assert connections() - before < 75


def test_all_clients_of_a_source_share_one_reader(api: Api) -> None:
    def readers() -> int:
        with connect_redis(api.redis_url) as client:
            return sum(entry["cmd"] == "xread" for entry in client.execute_command("CLIENT LIST"))

    async def run() -> None:
        clients = [await connect(f"{api.ws}/v1/sources/lobby/live") for _ in range(10)]
        for client in clients:
            await receive(client, "heartbeat")
        assert await asyncio.to_thread(readers) == 1
        for client in clients:
            await client.close()
        await asyncio.to_thread(until, lambda: readers() == 0, 5, "the reader stops with its last client")

    asyncio.run(run())


def wide(number: int) -> Reading:
    """A reading whose message has some 10 KB."""
    return replace(reading(number), model="m" * 8000)


def test_a_slow_client_learns_what_it_missed_and_delays_no_other(api: Api) -> None:
    """It reads nothing while some 30 MB arrive, which no buffer on the way takes."""
    count, batch = 3_000, 250

    async def receive_all(client: ClientConnection) -> list[int]:
        return frames(await receive_until(client, count))

    async def run() -> None:
        slow_socket = socket.socket()
        slow_socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        slow_socket.connect(("127.0.0.1", api.port))
        url = f"{api.ws}/v1/sources/lobby/live"
        async with (
            following(api) as fast,
            connect(url, sock=slow_socket, compression=None, max_queue=4) as slow,
        ):
            await receive(slow, "heartbeat")
            receiving = asyncio.create_task(receive_all(fast))
            for start in range(0, count, batch):
                await asyncio.to_thread(write, api.redis_url, list(map(wide, range(start, start + batch))))
            await asyncio.to_thread(write, api.redis_url, [reading(count)])
            assert await receiving == list(range(count + 1))
            await check_slow(slow)

    async def check_slow(slow: ClientConnection) -> None:
        got: list[int] = []
        missed: dict[str, Any] = {}
        while not got or got[-1] != count:
            message = json.loads(await asyncio.wait_for(slow.recv(), 10))
            if message["type"] == "error":
                assert message["code"] == "missed"
                missed = message
                gap_after = got[-1]
            elif message["type"] == "reading":
                got.append(message["frame"])
        assert got == sorted(set(got))
        assert missed["missed"] == count + 1 - len(got) > 0
        async with httpx.AsyncClient(base_url=api.http) as http:
            page = (
                await http.get("/v1/timelines/lobby", params={"after": missed["after"], "limit": 1})
            ).json()
        assert page["messages"][0]["frame"] == gap_after + 1

    asyncio.run(run())


def test_a_client_that_reads_nothing_is_disconnected(redis_url: str, tmp_path: Path) -> None:
    configure(redis_url)

    def clients() -> float:
        lines = httpx.get(f"{served.http}/metrics").text.splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith("mien_clients "))

    with serving(redis_url, tmp_path, client_timeout=1.0) as served, socket.socket() as stuck:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.connect(("127.0.0.1", served.port))
        stuck.sendall(handshake_request(served))
        until(lambda: clients() == 1, 5, "the client is connected")
        write(redis_url, list(map(wide, range(100))))
        until(lambda: clients() == 0, 10, "the client is disconnected")


def handshake_request(api: Api) -> bytes:
    lines = (
        "GET /v1/sources/lobby/live HTTP/1.1",
        f"Host: 127.0.0.1:{api.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


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


def test_a_full_queue_discards_all_but_the_newest() -> None:
    async def run() -> None:
        queue: ClientQueue[int] = ClientQueue(3)
        lost = [queue.put(number) for number in range(5)]
        first = await queue.take()
        assert lost == [0, 0, 0, 3, 0]
        assert (first.missed, first.items) == (3, [3, 4])
        queue.put_heartbeat(b"one")
        queue.put_heartbeat(b"two")
        queue.put(5)
        second = await queue.take()
        assert (second.missed, second.items, second.heartbeat) == (0, [5], b"two")

    asyncio.run(run())
