"""Load test with cameras: ingest, engines and Redis as `mien serve` runs them, the networks on the CPU.

Each camera plays the clip in real time. Their number doubles until ingest or the engine does not keep up.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deploy.bench.service import BenchError, last_line, run_module, service_environment, temporary_redis
from deploy.bench.usage import machine_time, processor_time, with_children
from engine.live.counts import LATE, MILLISECONDS, OVERTAKEN, READINGS
from ingest.bus.client import Redis
from ingest.bus.connection import connect
from ingest.bus.keys import SOURCES, beat_key, counts_key, frames_key, position_key
from ingest.bus.source_config import DEFAULT_RATE, SourceConfig, encode_config

ENGINE = ("engine", "--runtime", "onnx")  # the plans of a GPU take minutes to build: deploy.bench.gpu
START_TIMEOUT = 30.0  # seconds
POLL_INTERVAL = 0.05  # seconds

MIN_CAME = 0.95  # least share of the frames due that must reach Redis, else ingest does not keep up
MAX_LOST = 0.02  # largest share of those that may be lost, else the engine does not keep up


@dataclass(frozen=True, slots=True)
class Step:
    """Measurement with a number of cameras; the field names are those of `mien bench --json`."""

    cameras: int
    due: float  # frames a second that the cameras send
    came: float  # frames a second that reached Redis
    lost: float  # frames a second that were dropped from Redis, or too old for the engine
    latency_ms: float | None  # mean from the arrival of a frame to its reading; None without a face
    cores: dict[str, float]  # busy cores of ingest, engine and redis
    others: float  # busy cores of other programs

    @property
    def keeps_up(self) -> bool:
        return self.came >= MIN_CAME * self.due and self.lost <= MAX_LOST * self.came

    @property
    def shares(self) -> dict[str, float]:
        total = sum(self.cores.values()) or 1.0
        return {name: cores / total for name, cores in self.cores.items()}


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """Plan of a load test."""

    max_cameras: int
    shards: int
    warm_up: float  # seconds from the first frame of each camera
    seconds: float  # of a measurement


@dataclass(frozen=True, slots=True)
class _Snapshot:
    at: float  # seconds
    came: int  # frames
    counts: dict[str, int]
    busy: dict[str, float]  # seconds of processor time of each part
    machine: float  # seconds of processor time of all programs


class Cameras:
    """The running service, to which each step adds cameras."""

    def __init__(self, client: Redis, file: str, shards: int, pids: dict[str, list[int]]) -> None:
        """`file` is in the media folder; `pids` are the process ids of each part."""
        self._client = client
        self._file = file
        self._shards = shards
        self._pids = pids
        self._sources: list[str] = []

    def step(self, cameras: int, read_rate: float, plan: LoadPlan) -> Step:
        """Measure with cameras of `read_rate` frames a second each. Raises BenchError."""
        self._add(cameras)
        time.sleep(plan.warm_up)
        before = self._snapshot()
        time.sleep(plan.seconds)
        after = self._snapshot()
        return _step(cameras, cameras * read_rate, before, after)

    def _add(self, cameras: int) -> None:
        for number in range(len(self._sources), cameras):
            name, url, shard = f"bench-{number}", f"{self._file}?loop", number % self._shards
            config = SourceConfig(name, name, url, DEFAULT_RATE, created_at=time.time(), shard=shard)
            self._client.hset(SOURCES, name, encode_config(config))
            self._sources.append(name)
        positions = [position_key(source) for source in self._sources]
        until(
            lambda: self._client.exists(*positions) == cameras,
            lambda: f"not all of the {cameras} cameras send frames",
        )

    def _snapshot(self) -> _Snapshot:
        names = (READINGS, MILLISECONDS, LATE, OVERTAKEN)
        columns = [self._client.hmget(counts_key(source), names) for source in self._sources]
        streams = [self._client.xinfo_stream(frames_key(shard)) for shard in range(self._shards)]
        return _Snapshot(
            at=time.monotonic(),
            came=sum(stream["entries-added"] for stream in streams),
            counts={
                name: sum(int(count or 0) for count in column)
                for name, column in zip(names, zip(*columns, strict=True), strict=True)
            },
            busy={
                name: sum(processor_time(each) for pid in pids for each in with_children(pid))
                for name, pids in self._pids.items()
            },
            machine=machine_time(),
        )


def _step(cameras: int, due: float, before: _Snapshot, after: _Snapshot) -> Step:
    passed = after.at - before.at
    counts = {name: after.counts[name] - before.counts[name] for name in after.counts}
    readings = counts[READINGS]
    cores = {name: (after.busy[name] - before.busy[name]) / passed for name in after.busy}
    return Step(
        cameras=cameras,
        due=due,
        came=(after.came - before.came) / passed,
        lost=(counts[LATE] + counts[OVERTAKEN]) / passed,
        latency_ms=counts[MILLISECONDS] / readings if readings else None,
        cores=cores,
        others=max(0.0, (after.machine - before.machine) / passed - sum(cores.values())),
    )


@contextmanager
def running(clip: Path, shards: int) -> Iterator[Cameras]:
    """Run the service without a camera. Raises ServerError, BenchError."""
    with ExitStack() as stack:
        redis, folder = stack.enter_context(temporary_redis())
        environment = {**service_environment(redis.url, folder), "MIEN_MEDIA": str(clip.resolve().parent)}
        logs = [folder / f"engine-{shard}.log" for shard in range(shards)]
        engines = [
            stack.enter_context(run_module(environment, log, *ENGINE, "--shard", str(shard)))
            for shard, log in enumerate(logs)
        ]
        ingest = stack.enter_context(run_module(environment, folder / "ingest.log", "ingest"))
        client = stack.enter_context(connect(redis.url))
        for shard, log in enumerate(logs):
            until(partial(client.exists, beat_key(f"engine:{shard}")), partial(_start_failure, log))
        assert redis.process is not None
        pids = {
            "ingest": [ingest.pid],
            "engine": [each.pid for each in engines],
            "redis": [redis.process.pid],
        }
        yield Cameras(client, clip.resolve().name, shards, pids)


def until(condition: Callable[[], object], failure: Callable[[], str]) -> None:
    """Wait until the condition is true. Raises BenchError with the text of `failure` if it stays false."""
    deadline = time.monotonic() + START_TIMEOUT
    while not condition():
        if time.monotonic() > deadline:
            raise BenchError(f"{failure()} after {START_TIMEOUT:.0f} s")
        time.sleep(POLL_INTERVAL)


def _start_failure(log: Path) -> str:
    return f"the engine does not start: {last_line(log)}"
