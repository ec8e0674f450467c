"""The server under clients that send half a request, or hang up."""

import json
import logging
import socket
from pathlib import Path

import httpx
import pytest

from api.server.gate import Gate
from tests.api.access.clients import http_client
from tests.api.problem_details import problem
from tests.api.serving import Api, configure, serving
from tests.waiting import until

HALF = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Half: "
HALF_UPLOAD = (
    b"POST /v1/recordings/upload?name=a.mp4 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf"
)
REFUSED_WEBSOCKET = (
    b"GET /v1/nothing HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def connected(api: Api, sent: bytes) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", api.port), timeout=10)
    client.sendall(sent)
    return client


def test_half_a_head_is_closed_when_its_time_is_over(redis_url: str, tmp_path: Path) -> None:
    clock = Clock()
    gate = Gate(limit=9, per_address=9, clock=clock)
    with serving(redis_url, tmp_path, gate=gate) as api, connected(api, HALF) as client:
        until(lambda: len(gate) == 1, 5, "the connection is accepted")
        clock.now = 10.0
        assert client.recv(1) == b""
        until(lambda: len(gate) == 0, 5, "the connection is counted out")


def test_the_oldest_half_open_connection_gives_way(redis_url: str, tmp_path: Path) -> None:
    gate = Gate(limit=9, per_address=2)
    with serving(redis_url, tmp_path, tokens="required", gate=gate) as api:
        clients = [connected(api, HALF) for _ in range(2)]
        assert httpx.get(f"{api.http}/healthz").status_code == 200
        assert clients[0].recv(1) == b""
        for client in clients:
            client.close()


@pytest.mark.parametrize("sent", [HALF_UPLOAD, REFUSED_WEBSOCKET])
def test_a_client_that_hangs_up_is_no_error(
    redis_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    gate = Gate(limit=9, per_address=9)
    with caplog.at_level(logging.WARNING), serving(redis_url, tmp_path, gate=gate) as api:
        connected(api, sent).close()
        until(lambda: len(gate) == 0, 5, "the connection is counted out")
    assert caplog.messages == []


def test_what_is_no_http_is_refused_with_a_problem(redis_url: str, tmp_path: Path) -> None:
    with serving(redis_url, tmp_path) as api, connected(api, b"\x16\x03\x01 hello\r\n\r\n") as client:
        head, _, body = client.makefile("rb").read().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in head
    assert json.loads(body)["detail"] == "this is not a valid HTTP request"


def test_a_range_outside_the_file_is_a_problem(redis_url: str, tmp_path: Path) -> None:
    configure(redis_url)
    with serving(redis_url, tmp_path) as api, http_client(api) as client:
        outside = client.get("/", headers={"Range": "bytes=99999999-"})
        assert outside.headers["content-range"].startswith("bytes */")
        assert problem(outside, 416)["detail"].startswith("the file has ")
        assert (
            problem(client.get("/", headers={"Range": "lines=1-2"}), 400)["detail"]
            == "Only support bytes range"
        )
