"""Checks of the Redis at REDIS_URL, before images of faces and passwords go to it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.endpoint import Endpoint, EndpointError, has_tokens
from deploy.redis_server import RedisServer, ServerError, check_server
from deploy.serve import serve
from deploy.supervisor import ServeOptions
from ingest.bus.client import Redis
from ingest.bus.connection import connect
from tests.deploy.service import Service, free_port

REFUSED = "Redis refuses the user name or password in REDIS_URL"


class ConfiguredServer(RedisServer):
    """A server with settings of its own."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        super().__init__(folder)
        self._settings = settings

    def command(self) -> list[str]:
        options = [part for name, value in self._settings.items() for part in (f"--{name}", value)]
        return [*super().command(), *options]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RedisServer]:
    """A server of this test alone, whose access it may change."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def client(own: RedisServer) -> Iterator[Any]:
    with connect(own.url) as opened:
        yield opened


def with_user(url: str, user: str, password: str) -> str:
    return f"{url}&username={user}&password={password}"


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"save": "3600 1 300 100"}, 'save "3600 1 300 100"'),
        ({"auto-aof-rewrite-percentage": "100"}, "auto-aof-rewrite-percentage 100"),
        (
            {"save": "60 1", "auto-aof-rewrite-percentage": "50"},
            'save "60 1" and auto-aof-rewrite-percentage 50',
        ),
    ],
)
def test_a_redis_that_would_write_images_to_its_disk_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    settings: dict[str, str],
    found: str,
) -> None:
    server = ConfiguredServer(tmp_path, settings)
    server.start()
    monkeypatch.setenv("REDIS_URL", server.url)
    endpoint = Endpoint("127.0.0.1", free_port())
    try:
        assert serve(ServeOptions(endpoint, tmp_path / "data", tmp_path / "media", demo=False)) == 2
    finally:
        server.stop()
    assert capsys.readouterr().err == (
        'mien serve: the Redis at REDIS_URL must have save "" and auto-aof-rewrite-percentage 0, '
        f"so that it writes no image of a face to its disk, got {found}\n"
    )


def test_a_redis_without_persistence_is_accepted(tmp_path: Path) -> None:
    server = ConfiguredServer(tmp_path, {"appendonly": "no", "auto-aof-rewrite-percentage": "100"})
    server.start()
    try:
        assert check_server(server.url) == ""
    finally:
        server.stop()


def test_a_hidden_configuration_is_a_warning(own: RedisServer, client: Redis) -> None:
    client.execute_command("ACL SETUSER mien on >word ~* &* +@all -config")
    warning = check_server(with_user(own.url, "mien", "word"))
    assert warning.startswith(
        "the Redis at REDIS_URL does not show its configuration, so it is unknown whether"
    )


def test_no_answer_is_a_warning(tmp_path: Path) -> None:
    assert check_server(f"unix://{tmp_path}/none.sock").startswith(
        "the Redis at REDIS_URL does not answer, so"
    )


def test_a_wrong_password_is_refused(own: RedisServer, client: Redis, tmp_path: Path) -> None:
    client.execute_command("CONFIG SET", "requirepass", "right")
    for url in (own.url, f"{own.url}&password=planted", with_user(own.url, "nobody", "planted")):
        with pytest.raises(ServerError, match=f"^{REFUSED}$"):
            check_server(url)
        with pytest.raises(EndpointError, match=f"^{REFUSED}$"):
            has_tokens(url, tmp_path)
    assert check_server(f"{own.url}&password=right") == ""


def test_a_service_with_a_wrong_password_ends(own: RedisServer, client: Redis, tmp_path: Path) -> None:
    client.execute_command("CONFIG SET", "requirepass", "right")
    service = Service(tmp_path / "data", REDIS_URL=f"{own.url}&password=planted")
    assert service.process.wait(30) == 2
    service.close()
    assert service.lines == [f"mien serve: {REFUSED}"]


def test_a_user_without_rights_is_refused(own: RedisServer, client: Redis) -> None:
    client.execute_command("ACL SETUSER guest on >word ~* &* +@all -info")
    with pytest.raises(ServerError, match=r"^the user in REDIS_URL must be allowed to call INFO: .*$"):
        check_server(with_user(own.url, "guest", "word"))
