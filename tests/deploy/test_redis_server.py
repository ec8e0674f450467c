"""The embedded Redis: it answers, saves its data, and ends with the process that started it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.aof_holes import parts_between_holes, remove_holes
from deploy.redis_server import RedisServer, ServerError, check_server, find_server
from ingest.bus.connection import connect
from tests.waiting import until

STARTER = """
import sys
from pathlib import Path
from deploy.redis_server import RedisServer
server = RedisServer(Path(sys.argv[1]))
server.start()
print(server.process.pid, flush=True)
sys.stdin.read()
"""

COMMAND = b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$4\r\n\0\r\n\0\r\n"
SIZE = len(COMMAND)


def test_data_outlives_a_restart(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    server.start()
    with connect(server.url) as client:
        client.set("saved", "yes")
    server.stop()
    assert not server.socket.exists()
    server.start()
    with connect(server.url) as client:
        assert client.get("saved") == b"yes"
    server.stop()


def test_listens_on_no_port(redis_server: RedisServer) -> None:
    with connect(redis_server.url) as client:
        assert client.config_get("port") == {"port": "0"}


def test_ends_when_the_process_that_started_it_is_killed(tmp_path: Path) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert starter.stdout is not None
    server = int(starter.stdout.readline())
    starter.kill()
    starter.communicate()
    until(lambda: not Path(f"/proc/{server}").exists(), 5.0, "the server is gone")
    assert not (tmp_path / "redis.sock").exists()


def test_refuses_a_folder_in_use(redis_server: RedisServer) -> None:
    with pytest.raises(ServerError, match="another server already runs in this folder"):
        RedisServer(redis_server.socket.parent).start()


def test_a_path_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match=r"the path has \d+ bytes, a socket's at most 107"):
        RedisServer(tmp_path / ("long" * 30)).start()


def test_stale_socket_is_replaced(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    server.start()
    assert server.process is not None
    server.process.kill()
    server.process.wait()
    assert server.socket.exists()
    server.start()
    server.stop()


@pytest.mark.parametrize(
    ("version", "accepted"), [("v=7.0.15", True), ("v=6.0.16", False), ("v=10.1.0", True), ("?", False)]
)
def test_a_server_on_the_path_is_used_if_it_is_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, accepted: bool
) -> None:
    binary = tmp_path / "redis-server"
    binary.write_text(
        f"#!/bin/sh\necho 'Redis server {version} sha=00000000:0 malloc=jemalloc-5.3.0 bits=64'\n"
    )
    binary.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (find_server() == binary) is accepted


def test_an_external_server_that_is_too_old_is_refused(redis_server: RedisServer) -> None:
    with pytest.raises(ServerError, match=r"^the Redis at REDIS_URL must be 99 or later, got \d"):
        check_server(redis_server.url, min_version=99)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1", "is not a Redis URL"),
        ("redis://:hid/den@127.0.0.1", "is not a Redis URL"),
        ("redis://127.0.0.1?legacy_responses=false", "may only have the options db, "),
        ("redis://127.0.0.1?decode_responses=1&db=0", "may only have the options db, "),
        ("redis://:hid?den=@127.0.0.1", "is not a Redis URL"),
        ("redis://127.0.0.1?ssl_ca_certs=ca.pem", "has options of TLS"),
        ("rediss://127.0.0.1?ssl_cert_reqs=perhaps", "has options of TLS"),
    ],
)
def test_a_url_that_is_not_of_redis_is_refused(url: str, reason: str) -> None:
    with pytest.raises(ServerError, match=f"^REDIS_URL {reason}") as refused:
        check_server(url)
    assert not {"hid", "den", "\n"} & set(re.split(r"\W", str(refused.value)))


def test_zeros_between_commands_are_taken_out_and_nothing_is_lost(tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "r")
    server.start()
    with connect(server.url) as client:
        for number in range(100):
            client.set(f"key{number}", bytes(50))
    server.stop()
    (file,) = (tmp_path / "r").glob("appendonlydir/*.incr.aof")
    data = file.read_bytes()
    middle = data.index(b"*3\r\n", len(data) // 2)
    file.write_bytes(data[:middle] + bytes(1217) + data[middle:])
    with pytest.raises(ServerError, match="exit code 1"):
        server.start()
    assert remove_holes(tmp_path / "r") == "1217 zeros, which a full disk left, were taken out of its file"
    assert file.read_bytes() == data
    assert remove_holes(tmp_path / "r") is None
    server.start()
    with connect(server.url) as client:
        assert all(client.exists(f"key{number}") for number in range(100))
    server.stop()


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        (COMMAND * 2, [(0, 2 * SIZE)]),
        (COMMAND + bytes(9) + b"#TS:1\r\n" + COMMAND, [(0, SIZE), (SIZE + 9, 2 * SIZE + 16)]),
        (COMMAND + bytes(9), [(0, SIZE), (SIZE + 9, SIZE + 9)]),
        (COMMAND + COMMAND[:-9], [(0, 2 * SIZE - 9)]),  # cut off, as Redis mends it itself
        (COMMAND + b"damage" + bytes(9) + COMMAND, [(0, 2 * SIZE + 15)]),
        (b"", [(0, 0)]),
    ],
)
def test_holes_are_found_between_commands_alone(data: bytes, parts: list[tuple[int, int]]) -> None:
    assert list(parts_between_holes(data)) == parts
