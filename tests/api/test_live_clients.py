"""Many clients of one source, and slow ones: shared connections, bounded queues, disconnections."""

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from api.stream.client_queue import ClientQueue
from ingest.bus.connection import connect as connect_redis
from tests.api.following import following, frames, receive, receive_until, wide
from tests.api.serving import Api, configure, reading, serving, write
from tests.waiting import until


@pytest.fixture
def api(redis_url: str, tmp_path: Path) -> Iterator[Api]:
    configure(redis_url)
    with serving(redis_url, tmp_path) as served:
        yield served


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
    # Connections for commands, the one that reads the source for all clients, and some that are closing.
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


def test_a_slow_client_learns_how_many_messages_it_missed_and_delays_no_other(api: Api) -> None:
    """It reads nothing while some 30 MB arrive, more than all buffers hold."""
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
        received: list[int] = []
        missed: dict[str, Any] = {}
        while not received or received[-1] != count:
            message = json.loads(await asyncio.wait_for(slow.recv(), 10))
            if message["type"] == "error":
                assert message["code"] == "missed"
                missed = message
                gap_after = received[-1]
            elif message["type"] == "reading":
                received.append(message["frame"])
        assert received == sorted(set(received))
        assert missed["missed"] == count + 1 - len(received) > 0
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
