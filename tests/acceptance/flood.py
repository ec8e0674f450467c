"""Connections that send half a request: 2,000 half-open and 200 with half a body, with 1,000 open files.

`python -m tests.acceptance.flood PORT SECONDS` holds them, and opens again, a second later, what was closed.
"""

import asyncio
import http.client
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect as open_websocket

from deploy.bench.service import temporary_redis
from tests.acceptance.check import Check, Row
from tests.api.access.clients import add_token, bearer
from tests.api.schema import parsed
from tests.api.serving import configure, free_port, reading, write
from tests.waiting import until

HEADS, BODIES = 2000, 200
OPEN_FILES = 1000
SECONDS = 60.0
PROBE_INTERVAL = 0.05  # seconds
RATE = 10  # readings a second
PROBE_TIMEOUT = 5.0  # seconds

HEAD = b"GET /v1/sources HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Half: "
BODY = (
    b"POST /v1/sources HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b'Content-Length: 1000\r\n\r\n{"name": '
)


async def hold(port: int, sent: bytes, ends: float) -> None:
    """Send half a request, and once more each time that it is refused."""
    while time.monotonic() < ends:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            async with asyncio.timeout(ends - time.monotonic()):
                await reader.read()
            writer.close()
        except (OSError, TimeoutError):
            pass
        await asyncio.sleep(random.uniform(0.5, 1.5))


async def flood(port: int, seconds: float) -> None:
    ends = time.monotonic() + seconds
    await asyncio.gather(*(hold(port, sent, ends) for sent in [HEAD] * HEADS + [BODY] * BODIES))


@dataclass(slots=True)
class Prober:
    """Requests /healthz on a new connection again and again."""

    port: int
    latencies: list[float] = field(default_factory=list)  # seconds
    failures: int = 0

    def probe(self, stop: threading.Event) -> None:
        while not stop.wait(PROBE_INTERVAL):
            began = time.monotonic()
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PROBE_TIMEOUT)
            try:
                connection.request("GET", "/healthz")
                self.failures += connection.getresponse().status != 200
            except (OSError, http.client.HTTPException):
                self.failures += 1
            finally:
                connection.close()
            self.latencies.append(time.monotonic() - began)


@dataclass(slots=True)
class Follower:
    """A websocket that stays open; it collects the frame numbers of the readings."""

    address: str
    headers: dict[str, str]
    frames: list[int] = field(default_factory=list)
    connected: threading.Event = field(default_factory=threading.Event)

    def follow(self, last: int) -> None:
        """Return with the reading of the frame `last`, or when the connection breaks."""
        try:
            with open_websocket(self.address, additional_headers=self.headers) as client:
                self.connected.set()
                while not self.frames or self.frames[-1] != last:
                    message = parsed(str(client.recv(30)))
                    if message["type"] == "reading":
                        self.frames.append(message["frame"])
        except (ConnectionClosed, OSError):
            pass


def half_open(folder: Path) -> Iterator[Row]:
    for tokens in ("required", "open"):
        prober, follower, written, lines = _measured(folder, tokens)
        name = f"{HEADS} half heads, {BODIES} half bodies, tokens {tokens}"
        p99 = float(np.percentile(prober.latencies, 99)) * 1000
        figure = f"{p99:.0f} ms, {prober.failures} of {len(prober.latencies)} failed"
        yield Row(f"{name}: /healthz", figure, "<= 250 ms, 0", p99 <= 250 and prober.failures == 0)
        lost = written - len(follower.frames)
        yield Row("the connected client: lost readings", str(lost), "0", lost == 0)
        yield Row("lines of log", str(lines), "<= 10", lines <= 10)


def _measured(folder: Path, tokens: str) -> tuple[Prober, Follower, int, int]:
    """Return the prober, the client, the number of readings written, and that of lines in the log."""
    log, port, written = folder / f"flood-{tokens}.log", free_port(), int(SECONDS * RATE)
    with temporary_redis() as (redis, _):
        configure(redis.url)
        environment = {**os.environ, "REDIS_URL": redis.url, "MIEN_DATA": str(folder), "MIEN_TOKENS": tokens}
        headers = bearer(add_token(redis.url, "desk", "view")) if tokens == "required" else {}
        prober = Prober(port)
        follower = Follower(f"ws://127.0.0.1:{port}/v1/sources/lobby/live", headers)
        with _api(environment, log, port):
            _under_flood(port, redis.url, prober, follower, written)
    return prober, follower, written, len(log.read_text().splitlines())


def _under_flood(port: int, redis_url: str, prober: Prober, follower: Follower, written: int) -> None:
    stop = threading.Event()
    following = threading.Thread(target=follower.follow, args=(written - 1,))
    probing = threading.Thread(target=prober.probe, args=(stop,))
    following.start()
    assert follower.connected.wait(20)
    command = [sys.executable, "-m", "tests.acceptance.flood", str(port), str(SECONDS)]
    with subprocess.Popen(command):
        probing.start()
        began = time.monotonic()
        for number in range(written):
            time.sleep(max(0.0, began + number / RATE - time.monotonic()))
            write(redis_url, [reading(number)])
    following.join()
    stop.set()
    probing.join()


@contextmanager
def _api(environment: dict[str, str], log: Path, port: int) -> Iterator[None]:
    """Run an API that may open OPEN_FILES files."""
    command = ["sh", "-c", f'ulimit -n {OPEN_FILES}; exec "$@"', "sh", sys.executable, "-m", "api"]
    with log.open("wb") as output:
        api = subprocess.Popen([*command, "--port", str(port)], env=environment, stdout=output, stderr=output)
    try:
        until(lambda: _listens(port), 20, "the API listens")
        yield
    finally:
        api.kill()
        api.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


CHECKS: list[Check] = [half_open]


if __name__ == "__main__":
    asyncio.run(flood(int(sys.argv[1]), float(sys.argv[2])))
