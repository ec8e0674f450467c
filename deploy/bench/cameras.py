"""How many cameras this machine keeps up with: ingest, engines and Redis as `mien serve` runs them.

The networks run on the CPU. The clip plays as a camera does, each picture when it is due. Cameras are added
to the running service, twice as many each time, until pictures come late or are lost.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deploy.bench.sample import RATE
from deploy.bench.service import BenchError, environment_of_its_own, last_words, part, redis_of_its_own
from deploy.bench.usage import family, machine_time, processor_time
from engine.live.counts import LATE, MILLISECONDS, OVERTAKEN, READINGS
from ingest.bus.client import Redis
from ingest.bus.connection import connect
from ingest.bus.keys import SOURCES, beat_key, counts_key, frames_key, position_key
from ingest.bus.source_config import SourceConfig, encode_config

ENGINE = ("engine", "--runtime", "onnx")  # a GPU is measured apart: its plans take minutes to build
STARTS_WITHIN = 30.0  # seconds
POLL = 0.05  # seconds

COMES = 0.95  # of the pictures due at least, else ingest does not keep up
LOST = 0.02  # of the pictures that came at most, else the engine does not


@dataclass(frozen=True, slots=True)
class Step:
    """How the service fared with so many cameras."""

    cameras: int
    due: float  # pictures a second
    came: float  # of which so many a second reached Redis
    lost: float  # and so many a second were lost there, or too old when they were read
    latency_ms: float | None  # from a picture's arrival to its reading, mean; None: no face was read
    cores: dict[str, float]  # that each part kept busy: ingest, engine, redis
    others: float  # cores that were busy with anything else

    @property
    def keeps_up(self) -> bool:
        return self.came >= COMES * self.due and self.lost <= LOST * self.came

    @property
    def shares(self) -> dict[str, float]:
        whole = sum(self.cores.values()) or 1.0
        return {name: cores / whole for name, cores in self.cores.items()}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is tried."""

    most: int  # cameras
    shards: int
    settles: float  # seconds from the first picture of each camera until it is measured
    seconds: float  # that are measured


@dataclass(frozen=True, slots=True)
class _Moment:
    at: float  # seconds
    came: int
    counted: dict[str, int]
    computed: dict[str, float]  # seconds
    machine: float  # seconds that all cores together computed


class Cameras:
    """The running service, with more cameras from step to step."""

    def __init__(self, client: Redis, file: str, shards: int, processes: dict[str, list[int]]) -> None:
        """`file`: in the media folder. `processes`: of each part."""
        self._client = client
        self._file = file
        self._shards = shards
        self._processes = processes
        self._sources: list[str] = []

    def step(self, cameras: int, read_rate: float, plan: Plan) -> Step:
        """`read_rate`: pictures a second that are read of one camera. Raises BenchError."""
        self._add(cameras)
        time.sleep(plan.settles)
        before = self._look()
        time.sleep(plan.seconds)
        after = self._look()
        passed = after.at - before.at
        counted = {name: after.counted[name] - before.counted[name] for name in after.counted}
        readings = counted[READINGS]
        cores = {name: (after.computed[name] - before.computed[name]) / passed for name in after.computed}
        return Step(
            cameras=cameras,
            due=cameras * read_rate,
            came=(after.came - before.came) / passed,
            lost=(counted[LATE] + counted[OVERTAKEN]) / passed,
            latency_ms=counted[MILLISECONDS] / readings if readings else None,
            cores=cores,
            others=max(0.0, (after.machine - before.machine) / passed - sum(cores.values())),
        )

    def _add(self, cameras: int) -> None:
        for number in range(len(self._sources), cameras):
            config = SourceConfig(
                id=f"bench-{number}",
                name=f"bench-{number}",
                url=f"{self._file}?loop",
                rate=RATE,
                created_at=time.time(),
                shard=number % self._shards,
            )
            self._client.hset(SOURCES, config.id, encode_config(config))
            self._sources.append(config.id)
        positions = [position_key(source) for source in self._sources]
        until(
            lambda: self._client.exists(*positions) == cameras,
            lambda: f"not all of {cameras} cameras give pictures",
        )

    def _look(self) -> _Moment:
        names = (READINGS, MILLISECONDS, LATE, OVERTAKEN)
        counts = [self._client.hmget(counts_key(source), names) for source in self._sources]
        streams = [self._client.xinfo_stream(frames_key(shard)) for shard in range(self._shards)]
        return _Moment(
            at=time.monotonic(),
            came=sum(stream["entries-added"] for stream in streams),
            counted={
                name: sum(int(count or 0) for count in column)
                for name, column in zip(names, zip(*counts, strict=True), strict=True)
            },
            computed={
                name: sum(processor_time(each) for pid in pids for each in family(pid))
                for name, pids in self._processes.items()
            },
            machine=machine_time(),
        )


@contextmanager
def running(clip: Path, shards: int) -> Iterator[Cameras]:
    """The service without a camera. Raises ServerError, BenchError."""
    with ExitStack() as stack:
        redis, folder = stack.enter_context(redis_of_its_own())
        media = {"MIEN_MEDIA": str(clip.resolve().parent)}
        environment = {**environment_of_its_own(redis.url, folder), **media}
        logs = [folder / f"engine-{shard}.log" for shard in range(shards)]
        engines = [
            stack.enter_context(part((*ENGINE, "--shard", str(shard)), environment, log))
            for shard, log in enumerate(logs)
        ]
        ingest = stack.enter_context(part(("ingest",), environment, folder / "ingest.log"))
        client = stack.enter_context(connect(redis.url))
        for shard, log in enumerate(logs):
            alive = partial(client.exists, beat_key(f"engine:{shard}"))
            until(alive, partial(_not_started, log))
        assert redis.process is not None
        processes = {
            "ingest": [ingest.pid],
            "engine": [engine.pid for engine in engines],
            "redis": [redis.process.pid],
        }
        yield Cameras(client, clip.resolve().name, shards, processes)


def until(condition: Callable[[], object], otherwise: Callable[[], str]) -> None:
    """Raises BenchError, which says `otherwise`, where it does not become true."""
    deadline = time.monotonic() + STARTS_WITHIN
    while not condition():
        if time.monotonic() > deadline:
            raise BenchError(f"{otherwise()}, after {STARTS_WITHIN:.0f} s")
        time.sleep(POLL)


def _not_started(log: Path) -> str:
    return f"the engine does not start: {last_words(log)}"
