"""`mien serve`: Redis, ingest, engine (one a shard) and API on this machine, under one supervisor.

Exit codes: 0 stopped when asked to, 2 cannot work as it is set up (the line before says why).
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.settings import ApiSettings
from deploy.data_folder import ClaimError, check_port, claim_folder, leave_socket_path, socket_path
from deploy.endpoint import Listening, ListeningError, listening, tokens_are_there
from deploy.processes import CANNOT_WORK, Child, Command, describe, say
from deploy.redis_server import LOG, RedisServer, ServerError, check_server
from deploy.settings import check_settings
from engine.card import CardMismatchError
from engine.detectors import detector_card
from engine.settings import EngineSettings
from ingest.environment import SettingError
from ingest.settings import IngestSettings, data_folder

# The order of stopping; who still runs so many seconds after being asked to end is killed. With nothing to do
# they end at once; but the API gives its connections two seconds, the engine ends what it reads, Redis saves,
# and all of it takes several times as long on a busy machine.
STOPS_WITHIN = {"demo": 1.0, "api": 6.0, "jobs": 6.0, "ingest": 6.0, "engine": 8.0, "redis": 10.0}

REDIS = "redis"  # the folder in the data folder that Redis keeps its files in

POLL = 0.05  # seconds between two looks whether something answers yet
REDIS_IS_AWAY = "the Redis at REDIS_URL does not answer yet, so it is not known whether there are tokens"
PATIENCE = 10.0  # seconds after which a line says that it does not


@dataclass(frozen=True, slots=True)
class Settings:
    """What the service on one machine is told."""

    listening: Listening
    data: Path
    media: Path
    demo: bool


@dataclass(frozen=True, slots=True)
class Redis:
    """The embedded server: where it answers, how it is run, and where it writes what it has to say."""

    server: RedisServer
    command: Command
    log: Path


class Supervisor:
    """Starts the service's processes, keeps them running and stops them in order.

    Without `redis` they use the server that REDIS_URL names.
    """

    def __init__(self, settings: Settings, redis: Redis | None, shards: int) -> None:
        self._settings = settings
        self._shards = shards
        self._listening = settings.listening
        self._redis = redis
        self._children: dict[str, Child] = {}
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def run(self) -> int:
        """Serves until SIGTERM or SIGINT, or until a process cannot work; returns the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._end, 0)
        starting = asyncio.create_task(self._start())
        try:
            first: set[asyncio.Future[Any]] = {starting, self._ended}
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
            return await self._ended
        finally:
            starting.cancel()
            await self._stop()

    async def _start(self) -> None:
        if self._redis is not None:
            self._keep(self._redis.command)
            await _until(self._redis_answers, f"redis does not answer yet; it writes to {self._redis.log}")
        if self._listening.tokens == "required" and not await self._somebody_gets_in():
            return
        for shard in range(self._shards):
            self._keep(self._module(self._engine(shard), "engine", "--shard", str(shard)))
        self._keep(self._module("ingest", "ingest"))
        self._keep(self._module("jobs", "api.jobs"))
        host, port = self._listening.host, str(self._listening.port)
        self._keep(self._module("api", "api", "--host", host, "--port", port))
        await _until(self._listening.answers, "the API does not answer yet")
        everywhere = " (and at all other addresses of this machine)" if self._listening.is_everywhere else ""
        print(f"the dashboard is at {self._listening.address}{everywhere}", flush=True)
        if self._listening.is_readable_by_others:
            say("serve", "warning: without a TLS certificate others can read tokens and pictures on the way")
        if self._settings.demo:
            self._keep(self._module("demo", "deploy.demo", self._listening.address, once=True))

    async def _stop(self) -> None:
        for part, patience in STOPS_WITHIN.items():
            alike = [child for name, child in self._children.items() if name.partition(":")[0] == part]
            await asyncio.gather(*(child.stop(patience) for child in alike))

    def _keep(self, command: Command) -> None:
        child = Child(command)
        self._children[command.name] = child
        child.start().add_done_callback(lambda kept: self._left(command, kept.result()))

    def _engine(self, shard: int) -> str:
        """What an engine is called: by its number only where there are several."""
        return f"engine:{shard}" if self._shards > 1 else "engine"

    def _left(self, command: Command, code: int) -> None:
        if self._ended.done() or (command.once and code == 0):
            return
        say("serve", f"{command.name} {describe(code)} and cannot work like this; stopping")
        self._end(CANNOT_WORK)

    def _end(self, code: int) -> None:
        if not self._ended.done():
            self._ended.set_result(code)

    def _module(self, name: str, module: str, *arguments: str, once: bool = False) -> Command:
        environment = {
            **os.environ,
            "MIEN_DATA": str(self._settings.data),
            "MIEN_MEDIA": str(self._settings.media),
            "PYTHONUNBUFFERED": "1",
            **self._listening.environment(),
        }
        if self._redis is not None:
            environment["REDIS_URL"] = self._redis.server.url
        # -P: a folder called `api` where somebody happens to stand is not ours.
        return Command(name, (sys.executable, "-P", "-m", module, *arguments), environment, once=once)

    async def _redis_answers(self) -> bool:
        assert self._redis is not None
        return await asyncio.to_thread(self._redis.server.answers)

    async def _somebody_gets_in(self) -> bool:
        """Says what to do, and ends it all, where nobody would."""
        url = os.environ["REDIS_URL"] if self._redis is None else self._redis.server.url
        try:
            await _until(lambda: asyncio.to_thread(tokens_are_there, url, self._settings.data), REDIS_IS_AWAY)
        except ListeningError as error:
            print(f"mien serve: {error}", file=sys.stderr)
            self._end(CANNOT_WORK)
            return False
        return True


async def _until(answers: Callable[[], Awaitable[bool]], late: str) -> None:
    """Asks until the answer is yes; says `late` once if that takes long."""
    asked = time.monotonic()
    while not await answers():
        if late and time.monotonic() - asked > PATIENCE:
            say("serve", late)
            late = ""
        await asyncio.sleep(POLL)


def embedded_redis(folder: Path, lock: int) -> Redis:
    """A server that keeps its data in `folder`, which is made if need be. Raises ServerError, OSError."""
    folder.mkdir(exist_ok=True)
    server = RedisServer(folder, socket_path(folder))
    command = Command(
        "redis",
        tuple(server.command()),
        os.environ,
        death_signal=signal.SIGTERM,  # at which it saves and takes its socket away
        descriptors=(lock,),  # so that nobody else starts one in the same folder before it is gone
    )
    return Redis(server, command, folder / LOG)


def serve(settings: Settings) -> int:
    """Serves in the foreground; returns the exit code."""
    try:
        check_settings()  # refused here, where one line says it, and not by each part
        shards = IngestSettings.read("shards").shards
        detector_card(EngineSettings.read("detector").detector, data=settings.data)
        lock = claim_folder(settings.data)
        check_port(settings.listening.host, settings.listening.port)
        settings.media.mkdir(parents=True, exist_ok=True)
        if "REDIS_URL" in os.environ:
            warning = check_server(os.environ["REDIS_URL"])
            if warning:
                say("serve", f"warning: {warning}")
            redis = None
        else:
            redis = embedded_redis(settings.data / REDIS, lock)
    except (CardMismatchError, ClaimError, ServerError, SettingError, OSError) as error:
        print(f"mien serve: {error}", file=sys.stderr)
        return CANNOT_WORK

    async def supervise() -> int:
        return await Supervisor(settings, redis, shards).run()

    code = asyncio.run(supervise())
    if redis is not None:
        redis.server.socket.unlink(missing_ok=True)  # still there if Redis had to be killed
        leave_socket_path(settings.data / REDIS)
    return code


def main() -> int:
    tls = ApiSettings.read("tls_certificate", "tls_key")
    parser = argparse.ArgumentParser(
        prog="mien serve",
        description=__doc__,
        epilog="The environment has more settings, such as MIEN_RETENTION=24h: see docs/operations.md.",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on; any but this machine's own asks for tokens (%(default)s)",
    )
    parser.add_argument("--port", type=int, default=8400, help="port to listen on (%(default)s)")
    parser.add_argument(
        "--data",
        type=Path,
        default=data_folder(),
        help="folder for configuration and timelines (%(default)s)",
    )
    parser.add_argument(
        "--media", type=Path, help="folder that file sources lie in (MIEN_MEDIA, else DATA/media)"
    )
    parser.add_argument(
        "--tls-certificate",
        type=Path,
        default=tls.tls_certificate,
        metavar="FILE",
        help="serve over TLS with this certificate (PEM; MIEN_TLS_CERTIFICATE)",
    )
    parser.add_argument(
        "--tls-key",
        type=Path,
        default=tls.tls_key,
        metavar="FILE",
        help="its key (PEM; MIEN_TLS_KEY)",
    )
    parser.add_argument("--demo", action="store_true", help="draw a moving picture and watch it")
    given = parser.parse_args()
    os.umask(0o077)  # what is written names cameras with their passwords: nobody else may read it
    media = given.media or IngestSettings.read("media", data=given.data).media
    try:
        place = listening(given.host, given.port, given.tls_certificate, given.tls_key)
        if given.demo and (place.tokens == "required" or place.pair is not None):
            raise ListeningError("--demo: expected this machine's own address without tokens or TLS")
    except ListeningError as error:
        print(f"mien serve: {error}", file=sys.stderr)
        return CANNOT_WORK
    return serve(Settings(place, given.data.resolve(), media.resolve(), given.demo))


if __name__ == "__main__":
    sys.exit(main())
