"""Parts of the service as separate processes on one Redis, as they run on many machines."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.deploy.service import free_port
from tests.processes import family, is_alive
from tests.waiting import until

TIMEOUT = 90.0  # seconds, also on a busy machine


class Part:
    """One process, such as `python -m engine --shard 1`; it can be killed and started again."""

    def __init__(self, environment: dict[str, str], *command: str) -> None:
        self._environment = environment
        self._command = [sys.executable, "-m", *command]
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, env=self._environment)

    def kill(self) -> None:
        """Kill it, and wait until its children have ended, too."""
        processes = family(self._process.pid)
        self._process.kill()
        self._process.wait()
        until(lambda: not any(is_alive(pid) for pid in processes), TIMEOUT, f"the end of {self._command}")

    def stop(self) -> None:
        """Terminate it and wait."""
        self._process.terminate()
        self._process.wait(TIMEOUT)


class Api(Part):
    """`python -m api` on a free port, and requests to it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._port = free_port()
        super().__init__(environment, "api", "--port", str(self._port))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def request(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        message = urllib.request.Request(f"{self.url}{path}", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(message, timeout=TIMEOUT) as answer:
            return json.load(answer)

    def is_ready(self) -> bool:
        try:
            return bool(self.request("/readyz")["ready"])
        except (urllib.error.URLError, ConnectionError):
            return False

    def timeline(self, source: str) -> list[dict[str, Any]]:
        """Return all messages of a source."""
        found: list[dict[str, Any]] = []
        after, more = "0", True
        while more:
            page = self.request(f"/v1/timelines/{source}?after={after}&limit=5000")
            found += page["messages"]
            after, more = page["next"], page["more"]
        return found


def environment(redis_url: str, folder: Path, shards: int) -> dict[str, str]:
    """Return the environment of each part."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("MIEN_")}
    return others | {
        "REDIS_URL": redis_url,
        "MIEN_DATA": str(folder),
        "MIEN_MEDIA": str(folder / "media"),
        "MIEN_SHARDS": str(shards),
        "MIEN_TOKENS": "open",
    }
