"""Processes of a temporary service for the benchmark, with settings of its own."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deploy.redis_server import RedisServer
from ingest.child_process import ends_with_parent, terminate

STOP_TIMEOUT = 5.0  # seconds


class BenchError(Exception):
    """A process of the benchmark did not start; the message names it."""


@contextmanager
def temporary_redis() -> Iterator[tuple[RedisServer, Path]]:
    """Run a Redis in a temporary folder. Raises ServerError."""
    # The path of a socket must be short, and that of TMPDIR may be long.
    with tempfile.TemporaryDirectory(prefix="mien-", dir="/tmp") as name:
        server = RedisServer(Path(name))
        server.start()
        try:
            yield server, Path(name)
        finally:
            server.stop()


def service_environment(redis_url: str, folder: Path) -> Mapping[str, str]:
    """Return the environment of a part: this one without the settings of the caller's own service."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MIEN_")}
    return environment | {"REDIS_URL": redis_url, "MIEN_DATA": str(folder)}


@contextmanager
def run_module(
    environment: Mapping[str, str], log: Path, *arguments: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `python -m ARGUMENTS`, with its output in the file `log`."""
    with log.open("wb") as output:
        command = [sys.executable, "-P", "-m", *arguments]
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=output, preexec_fn=ends_with_parent()
        )
    try:
        yield process
    finally:
        terminate(process, STOP_TIMEOUT)


def last_line(log: Path) -> str:
    """Return the last line of a log."""
    return log.read_text(errors="replace").strip().rpartition("\n")[2] or "its log is empty"
