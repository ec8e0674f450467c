"""Supervisor of `mien serve`: starts the processes of the service, restarts and stops them.

redis -> engine (one a shard), ingest, jobs -> api -> demo; they stop in the reverse order, Redis last

A process that hangs is killed: Redis when it answers no PING, the API when it does not answer /healthz, and
the others when they send no heartbeat while Redis answers.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from deploy.endpoint import Endpoint, EndpointError, has_tokens
from deploy.liveness import forget_heartbeat, has_heartbeat
from deploy.output import print_line
from deploy.processes import CANNOT_WORK, Command, SupervisedProcess
from deploy.redis_server import RedisServer
from deploy.watch import Patience, watch
from ingest.child_process import exit_reason

# Processes in the order in which they are stopped, and the seconds after which each is killed. Idle ones end
# at once; but the API gives its connections two seconds, the engine finishes its batch, Redis saves, and on a
# busy machine all of this takes several times as long.
STOP_TIMEOUTS = {"demo": 1.0, "api": 6.0, "jobs": 6.0, "ingest": 6.0, "engine": 8.0, "redis": 10.0}

DEFAULT_PATIENCE = Patience()
POLL_INTERVAL = 0.05  # seconds between two checks whether a process answers
WARN_AFTER = 10.0  # seconds without an answer until a line says so
NO_REDIS = "the Redis at REDIS_URL does not answer yet, so it is unknown whether there are tokens"


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """Options of `mien serve`."""

    endpoint: Endpoint
    data: Path
    media: Path
    demo: bool


@dataclass(frozen=True, slots=True)
class EmbeddedRedis:
    """The service's own Redis: its address, command and log file."""

    server: RedisServer
    command: Command
    log: Path


class Supervisor:
    """Starts the service's processes, keeps them running and stops them in order."""

    def __init__(
        self,
        options: ServeOptions,
        redis: EmbeddedRedis | None,
        shards: int,
        patience: Patience = DEFAULT_PATIENCE,
    ) -> None:
        """`redis` is None where the processes use the server at REDIS_URL."""
        self._options = options
        self._patience = patience
        self._shards = shards
        self._redis = redis
        self._children: dict[str, SupervisedProcess] = {}
        self._watches: list[asyncio.Task[None]] = []
        self._exit_code: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def run(self) -> int:
        """Serve until SIGTERM or SIGINT, or until a process cannot work; return the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._end, 0)
        starting = asyncio.create_task(self._start())
        try:
            first: set[asyncio.Future[Any]] = {starting, self._exit_code}
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
            return await self._exit_code
        finally:
            starting.cancel()
            await self._stop()

    async def _start(self) -> None:
        if self._redis is not None:
            self._supervise(self._redis.command)
            await _until(self._redis_answers, f"redis does not answer yet; its log is {self._redis.log}")
        endpoint = self._options.endpoint
        if endpoint.tokens == "required" and not await self._has_tokens():
            return
        for command in self._parts():
            self._supervise(command)
        await _until(endpoint.answers, "the API does not answer yet")
        everywhere = " (and at all other addresses of this machine)" if endpoint.is_wildcard else ""
        print(f"the dashboard is at {endpoint.address}{everywhere}", flush=True)
        if endpoint.is_plain_text_to_others:
            print_line(
                "serve", "warning: without a TLS certificate others can read tokens and video on the way"
            )
        if self._options.demo:
            self._supervise(self._module("demo", "deploy.demo", endpoint.address, once=True))

    def _parts(self) -> list[Command]:
        """Return the commands of the engines, ingest, job worker and API, in the order of their start."""
        names = ["engine"] if self._shards == 1 else [f"engine:{shard}" for shard in range(self._shards)]
        host, port = self._options.endpoint.host, str(self._options.endpoint.port)
        return [
            *(self._module(name, "engine", "--shard", str(shard)) for shard, name in enumerate(names)),
            self._module("ingest", "ingest"),
            self._module("jobs", "api.jobs"),
            self._module("api", "api", "--host", host, "--port", port),
        ]

    async def _stop(self) -> None:
        for task in self._watches:
            task.cancel()
        for part, timeout in STOP_TIMEOUTS.items():
            alike = [child for name, child in self._children.items() if name.partition(":")[0] == part]
            await asyncio.gather(*(child.stop(timeout) for child in alike))

    def _supervise(self, command: Command) -> None:
        child = SupervisedProcess(command)
        self._children[command.name] = child
        supervision = child.start()
        supervision.add_done_callback(lambda task: self._ended(command, task.result()))
        self._watches.append(asyncio.create_task(self._watch(child, supervision)))

    async def _watch(self, child: SupervisedProcess, supervision: asyncio.Task[int]) -> None:
        """Kill the child whenever it hangs, until its supervision ends."""
        match child.command.name:
            case "redis":
                await watch(child, supervision, self._redis_responds, self._patience.from_start())
            case "api":
                await watch(child, supervision, self._options.endpoint.responds, self._patience)
            case name:
                part = "engine:0" if name == "engine" else name
                beats = partial(asyncio.to_thread, has_heartbeat, part, self._redis_url)
                forget = partial(asyncio.to_thread, forget_heartbeat, part, self._redis_url)
                await watch(child, supervision, beats, self._patience.after_expiry(), forget)

    def _ended(self, command: Command, code: int) -> None:
        if self._exit_code.done() or (command.once and code == 0):
            return
        print_line("serve", f"{command.name} {exit_reason(code)} and cannot work like this; stopping")
        self._end(CANNOT_WORK)

    def _end(self, code: int) -> None:
        if not self._exit_code.done():
            self._exit_code.set_result(code)

    def _module(self, name: str, module: str, *arguments: str, once: bool = False) -> Command:
        environment = {
            **os.environ,
            "MIEN_DATA": str(self._options.data),
            "MIEN_MEDIA": str(self._options.media),
            "PYTHONUNBUFFERED": "1",
            **self._options.endpoint.environment(),
        }
        if self._redis_url is not None:
            environment["REDIS_URL"] = self._redis_url
        # -P: do not import a folder called `api` in the current directory.
        return Command(name, (sys.executable, "-P", "-m", module, *arguments), environment, once=once)

    @property
    def _redis_url(self) -> str | None:
        """Address of the service's own Redis; None where REDIS_URL names another one."""
        return None if self._redis is None else self._redis.server.url

    async def _redis_responds(self) -> bool:
        assert self._redis is not None
        return await asyncio.to_thread(self._redis.server.responds)

    async def _redis_answers(self) -> bool:
        assert self._redis is not None
        return await asyncio.to_thread(self._redis.server.answers)

    async def _has_tokens(self) -> bool:
        """Wait for Redis, and return whether it has a token; without one print what to do, and end."""
        try:
            await _until(lambda: asyncio.to_thread(has_tokens, self._redis_url, self._options.data), NO_REDIS)
        except EndpointError as error:
            print(f"mien serve: {error}", file=sys.stderr)
            self._end(CANNOT_WORK)
            return False
        return True


async def _until(answers: Callable[[], Awaitable[bool]], warning: str) -> None:
    """Poll until the answer is yes; print the warning once if that takes long."""
    began = time.monotonic()
    while not await answers():
        if warning and time.monotonic() - began > WARN_AFTER:
            print_line("serve", warning)
            warning = ""
        await asyncio.sleep(POLL_INTERVAL)
