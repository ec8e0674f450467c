"""The websocket: many clients, one that never reads, and clients that resume after kills of the API."""

import asyncio
import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect as connect_websocket
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from deploy.bench.service import temporary_redis
from deploy.bench.websocket import Figures, Load, measure
from ingest.bus.connection import connect
from ingest.bus.keys import timeline_key
from tests.acceptance.check import Check, Row
from tests.api.serving import configure, free_port, reading, write

PAIRS = 3  # measurements with and without the client that never reads
KILLS = 20
CLIENTS = 12
RATE = 50  # readings a second while the API is killed


def thousand_clients(folder: Path) -> Iterator[Row]:
    found = measure(Load(clients=1000, stuck=0, seconds=20, rate=10))
    yield Row("1,000 websocket clients: p99", f"{found.p99_ms:.0f} ms", "<= 250 ms", found.p99_ms <= 250)
    memory = found.memory_per_client_kb
    yield Row("1,000 websocket clients: memory of each", f"{memory:.0f} KB", "<= 64 KB", memory <= 64)
    figure = f"{found.dropped} of {found.dropped + found.delivered}"
    yield Row("1,000 websocket clients: dropped", figure, "0", found.dropped == 0)


def never_reads(folder: Path) -> Iterator[Row]:
    """Measure in turn and take the best of each: other programs can only slow a run down."""
    without, beside = [], []
    for _ in range(PAIRS):
        without.append(measure(Load(clients=100, stuck=0, seconds=15, rate=10)))
        beside.append(measure(Load(clients=100, stuck=1, seconds=15, rate=10)))
    before, after = (min(each.p99_ms for each in runs) for runs in (without, beside))
    figure = f"{after:.1f} ms, without {before:.1f} ms"
    yield Row("one of 100 never reads: the others' p99", figure, "+- 20 %", after <= 1.2 * before)
    dropped = sum(each.dropped for each in beside)
    yield Row("one of 100 never reads: the others' losses", str(dropped), "0", dropped == 0)
    # At ten times the rate 4 MB would wait for a client after half a minute.
    memory = _memory(Load(clients=10, stuck=10, seconds=30, rate=100)) - _memory(Load(10, 0, 30, 100))
    yield Row("ten that never read: memory together", f"{memory / 1024:.1f} MB", "<= 4 MB", memory <= 4096)


def _memory(load: Load) -> float:
    """Return the memory of the API for all clients together, in KB."""
    found: Figures = measure(load)
    return found.memory_per_client_kb * (load.clients + load.stuck)


@dataclass(slots=True)
class Follower:
    """A client that resumes after its last cursor when the connection breaks, and records all cursors."""

    url: str
    cursors: list[str] = field(default_factory=list)
    breaks: int = 0

    async def follow(self, until_cursor: "asyncio.Future[str]") -> None:
        """Return when it has received the cursor of the future."""
        while not (until_cursor.done() and self.cursors and self.cursors[-1] == until_cursor.result()):
            after = self.cursors[-1] if self.cursors else "0"
            try:
                async with connect_websocket(f"{self.url}?after={after}", open_timeout=2) as socket:
                    await self._take(socket, until_cursor)
            except (ConnectionClosed, InvalidHandshake, OSError, TimeoutError):
                self.breaks += 1
                await asyncio.sleep(random.uniform(0.02, 0.2))

    async def _take(self, socket: Any, until_cursor: "asyncio.Future[str]") -> None:
        async for text in socket:
            message = json.loads(text)
            if "cursor" in message:
                self.cursors.append(message["cursor"])
            if until_cursor.done() and self.cursors and self.cursors[-1] == until_cursor.result():
                return


def api_killed(folder: Path) -> Iterator[Row]:
    with temporary_redis() as (redis, _):
        configure(redis.url)
        followers, written = asyncio.run(_kill_repeatedly(redis.url, folder))
    expected = len(written)
    wrong = [each for each in followers if each.cursors != written]
    twice = sum(len(each.cursors) - len(set(each.cursors)) for each in followers)
    lost = sum(len(set(written) - set(each.cursors)) for each in followers)
    breaks = sum(each.breaks for each in followers)
    figure = f"{lost} lost, {twice} twice of {CLIENTS} x {expected}"
    yield Row(f"API killed {KILLS} times, {CLIENTS} clients resume", figure, "0, 0, in order", not wrong)
    minimum = KILLS * CLIENTS
    yield Row("API killed: connections that broke", str(breaks), f">= {minimum}", breaks >= minimum)


async def _kill_repeatedly(url: str, folder: Path) -> tuple[list[Follower], list[str]]:
    """Return the followers, and the cursors in Redis."""
    port, stop = free_port(), threading.Event()
    writer = threading.Thread(target=_write_until, args=(url, stop))
    followers = [Follower(f"ws://127.0.0.1:{port}/v1/sources/lobby/live") for _ in range(CLIENTS)]
    last: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    writer.start()
    following = [asyncio.create_task(each.follow(last)) for each in followers]
    for _ in range(KILLS):
        api = _start_api(url, port, folder)
        had = [len(each.cursors) for each in followers]
        while not all(len(each.cursors) > count + 5 for each, count in zip(followers, had, strict=True)):
            await asyncio.sleep(0.02)
        await asyncio.sleep(random.uniform(0, 0.5))
        api.kill()
        api.wait()
    api = _start_api(url, port, folder)
    stop.set()
    await asyncio.to_thread(writer.join)
    with connect(url) as client:
        entries: Any = client.xrange(timeline_key("lobby"))
    written = [id.decode() for id, _ in entries]
    last.set_result(written[-1])
    async with asyncio.timeout(30):
        await asyncio.gather(*following)
    api.kill()
    api.wait()
    return followers, written


def _write_until(url: str, stop: threading.Event) -> None:
    number = 0
    while not stop.wait(1 / RATE):
        write(url, [reading(number)])
        number += 1
    write(url, [reading(number)])  # after the last start, so that each client has a last message to wait for


def _start_api(url: str, port: int, folder: Path) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "REDIS_URL": url, "MIEN_DATA": str(folder)}
    command = [sys.executable, "-m", "api", "--port", str(port)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


CHECKS: list[Check] = [thousand_clients, never_reads, api_killed]
