"""Load test of the websocket: latency from Redis to many clients, and the load of the API.

writer ──▶ a real Redis ──▶ a real API process ──▶ clients in a process of their own
"""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deploy.bench.sample import sample_reading
from deploy.bench.service import BenchError, last_line, run_module, service_environment, temporary_redis
from deploy.bench.usage import private_memory, processor_time
from engine.wire import encode_event
from ingest.bus.connection import connect
from ingest.bus.keys import SOURCES
from ingest.bus.source_config import DEFAULT_RATE, SourceConfig, encode_config
from ingest.bus.timeline import Timeline

SOURCE = "bench"
WARM_UP_CLIENTS = 10  # connected before the API's memory is first measured
START_TIMEOUT = 20.0  # seconds
ARRIVAL_TIMEOUT = 5.0  # seconds after the last reading, after which missing messages count as dropped


@dataclass(frozen=True, slots=True)
class Load:
    """Clients and readings of a test."""

    clients: int
    stuck: int  # further clients that never read
    seconds: float
    rate: float  # readings a second

    @property
    def readings(self) -> int:
        return round(self.seconds * self.rate)


@dataclass(frozen=True, slots=True)
class Figures:
    """Results. Latencies are from the time of an entry in Redis until a client has received it."""

    clients: int
    stuck: int
    seconds: float
    rate: float
    p50_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float
    delivered: int
    dropped: int
    memory_per_client_kb: float
    api_cpu_percent: float  # of one core


def measure(load: Load) -> Figures:
    """Run the load test. Raises BenchError, ServerError."""
    with ExitStack() as stack:
        redis, folder = stack.enter_context(temporary_redis())
        with connect(redis.url) as client:
            config = SourceConfig(SOURCE, SOURCE, "rtsp://192.0.2.1/", DEFAULT_RATE, created_at=0.0)
            client.hset(SOURCES, SOURCE, encode_config(config))
        api, port = stack.enter_context(_api(redis.url, folder))
        warm_up = stack.enter_context(_clients(port, Load(WARM_UP_CLIENTS, 0, load.seconds, load.rate)))
        assert warm_up.stdout is not None
        return _measure(load, redis.url, api, port)


def _measure(load: Load, redis_url: str, api: int, port: int) -> Figures:
    memory = private_memory(api)
    with _clients(port, load) as clients:
        busy = processor_time(api)
        peak = _write(load, redis_url, api)
        busy = processor_time(api) - busy
        received = _received(clients)
    latencies = received["latencies"] or [float("nan")]
    p50, p99, p999 = np.percentile(latencies, (50, 99, 99.9))
    return Figures(
        clients=load.clients,
        stuck=load.stuck,
        seconds=load.seconds,
        rate=load.rate,
        p50_ms=round(float(p50), 1),
        p99_ms=round(float(p99), 1),
        p999_ms=round(float(p999), 1),
        max_ms=round(latencies[-1], 1),
        delivered=received["delivered"],
        dropped=load.clients * load.readings - received["delivered"],
        memory_per_client_kb=round((peak - memory) / 1024 / (load.clients + load.stuck), 1),
        api_cpu_percent=round(100 * busy / load.seconds, 1),
    )


def _write(load: Load, redis_url: str, api: int) -> int:
    """Write the readings at their rate; return the API's peak memory in bytes."""
    peak = private_memory(api)
    with connect(redis_url) as client:
        timeline = Timeline(client)
        began = time.monotonic()
        for number in range(load.readings):
            time.sleep(max(0.0, began + number / load.rate - time.monotonic()))
            timeline.push([encode_event(sample_reading(SOURCE, number, load.rate))])
            if number % max(1, int(load.rate)) == 0:  # once a second
                peak = max(peak, private_memory(api))
        time.sleep(max(0.0, began + load.seconds - time.monotonic()))
    return max(peak, private_memory(api))


@contextmanager
def _api(redis_url: str, folder: Path) -> Iterator[tuple[int, int]]:
    """Run an API; yield its process id and port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    environment, log = service_environment(redis_url, folder), folder / "api.log"
    with run_module(environment, log, "api", "--port", str(port)) as process:
        _wait_for(process, port, log)
        yield process.pid, port


def _wait_for(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise BenchError(f"the API does not listen within {START_TIMEOUT:.0f} s: {last_line(log)}")


@contextmanager
def _clients(port: int, load: Load) -> "Iterator[subprocess.Popen[str]]":
    """Run clients until they are stopped; yield their process when all have connected. Raises BenchError."""
    path, timeout = f"/v1/sources/{SOURCE}/live", load.seconds + ARRIVAL_TIMEOUT
    arguments = (port, path, load.clients, load.readings, timeout, load.stuck)
    command = [sys.executable, "-P", "-m", "deploy.bench.websocket_clients", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise BenchError(f"the {load.clients} clients could not all connect")
        yield process
    finally:
        process.kill()
        process.wait()


def _received(clients: "subprocess.Popen[str]") -> dict[str, Any]:
    assert clients.stdout is not None
    received: dict[str, Any] = json.loads(clients.stdout.readline())
    return received
