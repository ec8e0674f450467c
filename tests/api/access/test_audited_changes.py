"""Each route that changes something notes it first: what cannot be noted does not happen."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.jobs.job import Job, encode_job
from deploy.tokens import main
from ingest.bus.client import Redis
from ingest.bus.connection import connect
from ingest.bus.keys import AUDIT, JOBS, SOURCES, TOKENS, job_key
from tests.api.problem_details import problem
from tests.api.serving import configure, serving
from tests.clips import make_clip

SOURCE = {"name": "Gate", "url": "rtsp://192.0.2.7/1"}
JOB = Job("abc", "a.mp4", None, 10.0, "personal", None, 0.0, 1, 1, "video/mp4", 1.0, 320, 240)

CHANGES: list[tuple[str, str, Any]] = [
    ("POST", "/v1/sources", SOURCE),
    ("PATCH", "/v1/sources/lobby", {"picture": "none"}),
    ("DELETE", "/v1/sources/lobby", None),
    ("POST", "/v1/recordings", {"path": "clip.mp4"}),
    ("POST", "/v1/recordings/abc/cancel", None),
    ("DELETE", "/v1/recordings/abc", None),
]


@contextmanager
def refusing_notes(client: Redis) -> Iterator[None]:
    """Let Redis refuse each new entry of the audit log, and nothing else."""
    client.execute_command("ACL SETUSER", "default", "-xadd", "(+xadd ~{jobs}*)")
    try:
        yield
    finally:
        client.execute_command("ACL SETUSER", "default", "clearselectors", "+xadd")


def stored(client: Redis) -> list[Any]:
    return [
        client.hgetall(SOURCES),
        client.hgetall(JOBS),
        client.hgetall(job_key("abc")),
        client.exists(AUDIT),
    ]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_a_change_that_cannot_be_noted_does_not_happen(
    redis_url: str, tmp_path: Path, method: str, path: str, body: Any
) -> None:
    configure(redis_url)
    make_clip(tmp_path / "clip.mp4", [0, 100])
    with (
        connect(redis_url) as client,
        serving(redis_url, tmp_path) as api,
        httpx.Client(base_url=api.http) as http,
    ):
        client.hset(JOBS, "abc", encode_job(JOB))
        client.hset(job_key("abc"), "state", '"running"')
        before = stored(client)
        with refusing_notes(client):
            refused = problem(http.request(method, path, json=body), 503)
            assert refused["detail"].startswith("Redis refuses to write: its user lacks a permission")
            assert stored(client) == before
        assert http.request(method, path, json=body).is_success
        assert stored(client) != before


@pytest.mark.parametrize("action", ["add", "remove"])
def test_a_change_of_tokens_that_cannot_be_noted_does_not_happen(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], action: str
) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setattr("sys.argv", ["mien tokens", action, "desk"])
    with connect(redis_url) as client:
        if action == "remove":
            client.hset(TOKENS, "desk", "{}")
        before = client.hgetall(TOKENS)
        with refusing_notes(client):
            assert main() == 1
        assert client.hgetall(TOKENS) == before
        reason = "Redis refuses to write: its user lacks a permission"
        assert capfd.readouterr() == ("", f"mien tokens: {reason}\n")
        assert main() == 0
        assert client.hgetall(TOKENS) != before
