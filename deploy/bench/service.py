"""The service's parts as real processes, for the bench alone: whatever the caller's own service is told."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deploy.redis_server import RedisServer
from ingest.parent import ends_with_parent

STOPS_WITHIN = 5.0  # seconds


class BenchError(Exception):
    """What is to be measured did not start; the message says what."""


@contextmanager
def redis_of_its_own() -> Iterator[tuple[RedisServer, Path]]:
    """A real server in a new folder that is gone afterwards. Raises ServerError."""
    # Not where TMPDIR says: the path of a socket must be short.
    with tempfile.TemporaryDirectory(prefix="mien-", dir="/tmp") as name:
        server = RedisServer(Path(name))
        server.start()
        try:
            yield server, Path(name)
        finally:
            server.stop()


def environment_of_its_own(redis_url: str, folder: Path) -> Mapping[str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MIEN_")}
    return environment | {"REDIS_URL": redis_url, "MIEN_DATA": str(folder)}


@contextmanager
def part(
    words: tuple[str, ...], environment: Mapping[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """`python -m WORDS`, which writes to `log` what it has to say, for as long as it is needed."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", *words],
            env=environment,
            stdout=output,
            stderr=output,
            preexec_fn=ends_with_parent(),
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def last_words(log: Path) -> str:
    """The last line that it wrote."""
    return log.read_text(errors="replace").strip().rpartition("\n")[2] or "it says nothing"
