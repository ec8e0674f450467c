"""A real `mien serve` for tests, on a free port and with a data folder of its own."""

import os
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path

from tests.processes import command_line, family, is_alive
from tests.waiting import until

READY = re.compile(r"the dashboard is at (https?://\S+)")


class Service:
    """`mien serve`, started by the constructor; `lines` are those of stdout and stderr."""

    def __init__(self, data: Path, *arguments: str, port: int | None = None, **settings: str) -> None:
        """`settings` are environment variables."""
        self.data = data
        self.port = free_port() if port is None else port
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MIEN_")}
        environment.pop("REDIS_URL", None)
        command = [sys.executable, "-m", "deploy.serve", "--data", str(data), "--port", str(self.port)]
        self.process = subprocess.Popen(
            [*command, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment | settings,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def address(self) -> str:
        """Wait for the dashboard's address."""
        return until(self._address, 60, f"the dashboard's address in {self.lines}")

    def pids(self) -> set[int]:
        """Return its processes, itself included."""
        return family(self.process.pid)

    def pid_of(self, module: str) -> int:
        """Wait for the process of a part, such as `engine`."""
        return until(lambda: next(iter(self._parts(module)), None), 20, f"a process of {module}")

    def close(self) -> None:
        """Kill it, and wait until its processes have ended."""
        processes = self.pids()
        self.process.kill()
        self.process.wait()
        until(lambda: not any(is_alive(pid) for pid in processes), 10, f"the end of {processes}")
        self._reader.join()

    def _parts(self, module: str) -> list[int]:
        words = {"redis": "server"}.get(module, f"-m\0{module}\0")
        return [pid for pid in self.pids() if words in command_line(pid) and pid != self.process.pid]

    def _address(self) -> str | None:
        assert self.process.poll() is None, f"it ended: {self.lines}"
        return next((found[1] for line in self.lines if (found := READY.search(line))), None)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            self.lines.extend(line.rstrip("\n") for line in output)


def mien(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command of `mien` with these settings."""
    environment = {name: value for name, value in os.environ.items() if name != "REDIS_URL"} | settings
    command = [str(Path(sys.executable).with_name("mien")), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def sockets(folder: Path) -> list[Path]:
    """Return the Unix sockets in a folder."""
    return [path for path in folder.rglob("*") if path.is_socket()]
