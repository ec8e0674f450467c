"""`mien alive`: parts that answer, parts that do not, and parts that wait for Redis."""

import subprocess
import sys
from pathlib import Path

import pytest

from ingest.bus.connection import connect
from ingest.bus.heartbeat import send_heartbeat
from tests.api.serving import free_port, serving


def alive(part: str, *options: str, redis_url: str) -> tuple[int, str]:
    """Return the exit code and stderr."""
    ran = subprocess.run(
        [sys.executable, "-m", "deploy.liveness", part, *options],
        capture_output=True,
        text=True,
        check=False,
        env={"REDIS_URL": redis_url},
    )
    return ran.returncode, ran.stderr


@pytest.mark.parametrize("part", ["ingest:1", "engine:12", "jobs"])
def test_a_part_with_a_heartbeat_is_alive(redis_url: str, part: str) -> None:
    assert alive(part, redis_url=redis_url) == (1, f"mien alive: {part} is not alive\n")
    with connect(redis_url) as client:
        send_heartbeat(client, part)
    assert alive(part, redis_url=redis_url) == (0, "")


def test_each_engine_has_its_own_heartbeat(redis_url: str) -> None:
    with connect(redis_url) as client:
        send_heartbeat(client, "engine:0")
    assert alive("engine:1", redis_url=redis_url)[0] == 1


def test_parts_are_alive_while_redis_does_not_answer(tmp_path: Path) -> None:
    assert alive("engine:0", redis_url=f"unix://{tmp_path}/none.sock") == (0, "")


def test_the_api_is_alive_if_it_answers(redis_url: str, tmp_path: Path) -> None:
    with serving(redis_url, tmp_path, tokens="required") as api:
        assert alive("api", "--port", str(api.port), redis_url=redis_url) == (0, "")
    assert alive("api", "--port", str(free_port()), redis_url=redis_url) == (
        1,
        "mien alive: api is not alive\n",
    )
    wrong = "mien alive: --port must be between 1 and 65535, got 80000\n"
    assert alive("api", "--port", "80000", redis_url=redis_url) == (2, wrong)
