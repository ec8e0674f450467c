"""Single JPEGs from real HTTP servers: login, kept connections, redirections, and all ways to end."""

import hashlib
import http.server
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import pytest

from ingest.live.process import open_frames
from ingest.live.snapshots import Snapshots
from ingest.live.stream import SourceLostError
from ingest.network.address import parse_address
from ingest.network.allowlist import ForbiddenError, parse_allowlist
from ingest.settings import IngestSettings
from tests.clips import numbered_image

JPEG = cv2.imencode(".jpg", numbered_image(0, (160, 120)))[1].tobytes()
HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
LOGIN, PASSWORD = "viewer", "p@ss/w:rd"


class Camera(http.server.ThreadingHTTPServer):
    """A camera whose pictures need Digest authentication if `algorithm` is set."""

    daemon_threads = True

    def __init__(self, host: str, answer: "Answer", algorithm: str) -> None:
        super().__init__((host, 0), Handler)
        self.answer, self.algorithm = answer, algorithm
        self.connections = self.pictures = self.refusals = 0

    @property
    def host(self) -> str:
        return f"{self.server_address[0]!s}:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Camera

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        if self.server.algorithm and not self._is_authorized():
            self.server.refusals += 1
            self.send_response(401)
            challenge = f'realm="cam", nonce="a1", qop="auth", algorithm={self.server.algorithm}'
            self.send_header("WWW-Authenticate", f"Digest {challenge}")
            self.send_header("WWW-Authenticate", 'Basic realm="cam"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.server.pictures += 1
        self.server.answer(self)

    def _is_authorized(self) -> bool:
        """Check the response of RFC 7616, 3.4.1."""
        given = dict(re.findall(r'(\w+)="?([^",]*)', self.headers.get("Authorization", "")))

        def hashed(text: str) -> str:
            return HASHES[self.server.algorithm](text.encode()).hexdigest()

        secret = hashed(f"{LOGIN}:cam:{PASSWORD}")
        between = [given.get(name, "") for name in ("nonce", "nc", "cnonce", "qop")]
        expected = hashed(":".join([secret, *between, hashed(f"GET:{self.path}")]))
        return given.get("response") == expected and given["uri"] == self.path

    def log_message(self, *_: object) -> None:
        """Tests are silent."""


Answer = Callable[[Handler], None]


def sized(handler: Handler, *headers: tuple[str, str], body: bytes = JPEG) -> None:
    handler.send_response(200)
    for name, value in (("Content-Length", str(len(body))), *headers):
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def announced(handler: Handler) -> None:
    sized(handler, ("Connection", "close"))


def unannounced(handler: Handler) -> None:
    sized(handler)
    handler.close_connection = True


def old(handler: Handler) -> None:
    handler.protocol_version = "HTTP/1.0"
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(JPEG)
    handler.close_connection = True


def chunked(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for part in (JPEG[:100], JPEG[100:], b""):
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))


def slow(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.connection.settimeout(0.02)
    for byte in JPEG:
        handler.wfile.write(bytes([byte]))
        try:
            if not handler.connection.recv(1):
                break
        except TimeoutError:
            continue
    handler.close_connection = True


def moved(to: str) -> Answer:
    def answer(handler: Handler) -> None:
        if handler.path == "/here.jpg":
            sized(handler)
            return
        handler.send_response(302)
        handler.send_header("Location", to)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


@contextmanager
def camera(answer: Answer, algorithm: str = "", host: str = "127.0.0.1") -> Iterator[Camera]:
    with Camera(host, answer, algorithm) as served:
        threading.Thread(target=served.serve_forever, args=(0.01,), daemon=True).start()
        yield served
        served.shutdown()


def settings(**given: float) -> IngestSettings:
    return IngestSettings(source_networks=parse_allowlist("127.0.0.1"), **given)  # type: ignore[arg-type]


def snapshots(served: Camera, password: str = "p%40ss%2Fw%3Ard", **given: int) -> Snapshots:
    return Snapshots(f"http://{LOGIN}:{password}@{served.host}/snap.jpg?channel=1", settings(), **given)


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_digest_is_answered_once_and_one_connection_kept(algorithm: str) -> None:
    with camera(sized, algorithm) as served, snapshots(served) as client:
        assert [client.fetch() for _ in range(5)] == [JPEG] * 5
    assert (served.pictures, served.refusals) == (5, 2)  # without a login, and with one of no challenge yet
    assert served.connections <= 2


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_a_source_reads_a_camera_that_asks_for_digest(algorithm: str) -> None:
    with camera(sized, algorithm) as served:
        url = f"http://{LOGIN}:p%40ss%2Fw%3Ard@{served.host}/snap.jpg"
        frames = open_frames(parse_address(url, Path("/media")), settings(), rate=50)
        while served.pictures < 8:
            next(frames)
        frames.close()  # type: ignore[attr-defined]
        assert served.connections < 8


def test_a_wrong_password_is_told() -> None:
    with (
        camera(sized, "MD5") as served,
        snapshots(served, "wrong") as client,
        pytest.raises(SourceLostError, match="user name or password refused"),
    ):
        client.fetch()


@pytest.mark.parametrize("answer", [sized, announced, unannounced, old, chunked])
def test_each_way_to_end_a_picture(answer: Answer) -> None:
    with camera(answer) as served, snapshots(served) as client:
        assert [client.fetch() for _ in range(3)] == [JPEG] * 3


def test_a_picture_has_limits_of_size_and_time() -> None:
    with (
        camera(chunked) as served,
        snapshots(served, max_bytes=1000) as client,
        pytest.raises(SourceLostError, match=r"a picture has more than 0\.001 MB"),
    ):
        client.fetch()
    with (
        camera(slow) as served,
        Snapshots(f"http://{served.host}/", settings(read_timeout=0.1, open_timeout=0.1)) as client,
        pytest.raises(SourceLostError, match=r"a picture takes longer than 0\.1 s"),
    ):
        client.fetch()


def test_only_redirections_to_allowed_networks_are_followed() -> None:
    with camera(moved("/here.jpg")) as served, snapshots(served) as client:
        assert client.fetch() == JPEG
    with (
        camera(sized, host="127.0.0.2") as other,
        camera(moved(f"http://{other.host}/")) as served,
        snapshots(served) as client,
    ):
        with pytest.raises(ForbiddenError, match=r"127\.0\.0\.2 is in a private network"):
            client.fetch()
        assert other.connections == 0
    with (
        camera(moved("file:///etc/hostname")) as served,
        snapshots(served) as client,
        pytest.raises(SourceLostError, match="the camera redirects to another protocol"),
    ):
        client.fetch()


def test_a_camera_that_is_away_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/snap.jpg"
    with Snapshots(address, settings()) as client, pytest.raises(SourceLostError, match=r"^no connection$"):
        client.fetch()
