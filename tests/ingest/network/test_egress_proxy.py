"""Real servers on two addresses of this machine: the decoder reaches only the allowed one."""

import http.server
import os
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from ingest.containers import STREAMS
from ingest.live.process import open_frames
from ingest.live.stream import SourceLostError
from ingest.network.address import parse_address
from ingest.network.allowlist import Allowlist, ForbiddenError, parse_allowlist
from ingest.network.egress_proxy import NO_UDP, NOT_FOLLOWED
from ingest.network.source_types import HTTP
from ingest.settings import IngestSettings
from tests.clips import even, make_clip, remux
from tests.servers import RtspServer

ALLOWED, OTHER = "127.0.0.2", "127.0.0.1"
FORBIDDEN = r"127\.0\.0\.1 is in a private network, which is not allowed"


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files; `/to/ADDRESS` redirects there, `/x` to the content of `x.moved`. Records the requests."""

    def __init__(self, *arguments: object, requests: list[str], **options: object) -> None:
        self.requests = requests
        super().__init__(*arguments, **options)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self.requests.append(self.path)
        moved = Path(f"{self.translate_path(self.path)}.moved")
        if self.path.startswith("/to/") or moved.is_file():
            self.send_response(302)
            there = moved.read_text() if moved.is_file() else self.path.removeprefix("/to/")
            self.send_header("Location", there)
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        """Tests are silent."""


class Web:
    """A web server on one address, and the paths of its requests."""

    def __init__(self, host: str, folder: Path, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[str] = []
        handler = partial(Handler, requests=self.requests, directory=str(folder))
        self.server = http.server.ThreadingHTTPServer((host, 0), handler)
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://{host}:{self.server.server_port}"


@contextmanager
def web(host: str, folder: Path, tls: ssl.SSLContext | None = None) -> Iterator[Web]:
    served = Web(host, folder, tls)
    threading.Thread(target=served.server.serve_forever, args=(0.01,), daemon=True).start()
    yield served
    served.server.shutdown()
    served.server.server_close()


@pytest.fixture
def named(tmp_path: Path) -> Iterator[Web]:
    make_clip(tmp_path / "clip.mp4", even(10))
    with web(ALLOWED, tmp_path) as served:
        yield served


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Web]:
    with web(OTHER, tmp_path) as served:
        yield served


def count(url: str, folder: Path, networks: Allowlist | None = None, formats: str = STREAMS) -> int:
    """Count the frames of a source; by default 127.0.0.2 is allowed."""
    settings = IngestSettings(media=folder, source_networks=networks or parse_allowlist(ALLOWED))
    address = parse_address(url, folder)
    if address.type is HTTP:
        address = replace(address, type=replace(HTTP, options={**HTTP.options, "format_whitelist": formats}))
    return sum(len(frames) for frames in open_frames(address, settings))


def test_an_allowed_source_is_read(named: Web, tmp_path: Path) -> None:
    assert count(f"{named.url}/clip.mp4?a=1", tmp_path) == 10
    assert "/clip.mp4?a=1" in named.requests


def test_a_forbidden_source_gets_no_request(other: Web, tmp_path: Path) -> None:
    with pytest.raises(SourceLostError, match=FORBIDDEN):
        count(f"{other.url}/clip.mp4", tmp_path)
    with pytest.raises(SourceLostError, match="localhost is "):
        count(f"{other.url}/clip.mp4".replace(OTHER, "localhost"), tmp_path)
    assert other.requests == []


def test_only_redirections_to_allowed_networks_are_followed(named: Web, other: Web, tmp_path: Path) -> None:
    assert count(f"{named.url}/to/{named.url}/clip.mp4", tmp_path) == 10
    with pytest.raises(SourceLostError, match=FORBIDDEN):
        count(f"{named.url}/to/{other.url}/clip.mp4", tmp_path)
    number = other.url.replace(OTHER, "2130706433")
    with pytest.raises(SourceLostError, match=r"2130706433 is 127\.0\.0\.1, which is in a private network"):
        count(f"{named.url}/to/{number}/clip.mp4", tmp_path)
    assert other.requests == []


def test_a_playlist_cannot_lead_to_forbidden_addresses(named: Web, other: Web, tmp_path: Path) -> None:
    head = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n"
    (tmp_path / "own.m3u8").write_text(f"{head}{named.url}/clip.ts\n#EXT-X-ENDLIST\n")
    (tmp_path / "other.m3u8").write_text(f"{head}{other.url}/clip.ts\n#EXT-X-ENDLIST\n")
    remux(tmp_path / "clip.mp4", tmp_path / "clip.ts")
    assert count(f"{named.url}/own.m3u8", tmp_path) == 10
    with pytest.raises(SourceLostError, match=FORBIDDEN):
        count(f"{named.url}/other.m3u8", tmp_path)
    assert other.requests == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.ffconcat", "ffconcat version 1.0\nfile {url}/clip.mp4\n"),
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\ntcp://{host}\n#EXT-X-ENDLIST\n"),
        ("session.sdp", "v=0\no=- 0 0 IN IP4 {host}\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 26\n"),
    ],
)
def test_lists_of_other_formats_are_not_opened(
    named: Web, other: Web, tmp_path: Path, name: str, text: str
) -> None:
    host = other.url.removeprefix("http://")
    (tmp_path / name).write_text(text.format(url=other.url, host=host))
    with pytest.raises(SourceLostError):
        count(f"{named.url}/{name}", tmp_path)
    assert other.requests == []


@pytest.mark.parametrize("formats", [STREAMS, "concat,mov"], ids=["default formats", "with lists"])
def test_a_redirection_of_an_entry_of_a_list_is_not_followed(
    named: Web, other: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, formats: str
) -> None:
    """Such a list is not opened; if it were, its entries, opened without options, use the proxy."""
    monkeypatch.setenv("no_proxy", "*")
    (tmp_path / "list.ffconcat").write_text("ffconcat version 1.0\nfile next.mp4\n")
    (tmp_path / "next.mp4.moved").write_text(f"{other.url}/clip.mp4")
    with pytest.raises(SourceLostError, match="not a video stream" if formats is STREAMS else FORBIDDEN):
        count(f"{named.url}/list.ffconcat", tmp_path, formats=formats)
    assert other.requests == []
    assert os.environ["no_proxy"] == "*"
    assert "http_proxy" not in os.environ


def test_tls_reaches_the_server(tmp_path: Path, named: Web) -> None:
    with web(ALLOWED, tmp_path, certified(tmp_path)) as secure:
        assert count(f"{secure.url}/clip.mp4", tmp_path) == 10
        with pytest.raises(SourceLostError, match=FORBIDDEN):
            count(f"{secure.url}/clip.mp4".replace(ALLOWED, OTHER), tmp_path)


def test_a_server_that_is_away_is_reported(tmp_path: Path) -> None:
    with web(ALLOWED, tmp_path) as gone:
        pass
    with pytest.raises(SourceLostError, match="connection refused"):
        count(f"{gone.url}/clip.mp4", tmp_path)


@pytest.mark.rtsp
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_rtsp_is_read_from_an_allowed_address(
    rtsp_server: Callable[[dict[str, Path]], RtspServer], tmp_path: Path, transport: str
) -> None:
    make_clip(tmp_path / "clip.mp4", even(50))
    url = rtsp_server({"door": tmp_path / "clip.mp4"}).url("door") + f"?mien_transport={transport}"
    opened = open_frames(
        parse_address(url, tmp_path),
        IngestSettings(media=tmp_path, source_networks=parse_allowlist("127.0.0.1")),
    )
    assert next(pictures for pictures in opened if pictures)
    opened.close()  # type: ignore[attr-defined]
    with pytest.raises((SourceLostError, ForbiddenError), match=FORBIDDEN):
        count(url, tmp_path)


REDIRECTED = b"RTSP/1.0 302 Moved\r\nCSeq: 1\r\nLoc\ration: rtsp://127.0.0.1:%d/door\r\n\r\n"


@pytest.mark.parametrize("scheme", ["rtsp", "rtsps"])
def test_an_rtsp_redirection_is_not_followed(tmp_path: Path, other: Web, scheme: str) -> None:
    tls = certified(tmp_path) if scheme == "rtsps" else None
    with (
        answering(REDIRECTED % other.server.server_port, tls) as port,
        pytest.raises(SourceLostError, match=NOT_FOLLOWED),
    ):
        count(f"{scheme}://{ALLOWED}:{port}/door", tmp_path)
    assert other.requests == []


def test_rtsp_over_udp_is_for_named_networks(tmp_path: Path) -> None:
    with pytest.raises(ForbiddenError, match=NO_UDP):
        count("rtsp://8.8.8.8/door?mien_transport=udp", tmp_path)


def test_webcams_are_opened_only_if_allowed(tmp_path: Path) -> None:
    with pytest.raises(ForbiddenError, match="webcams are not allowed"):
        count("webcam:99", tmp_path)
    with pytest.raises(SourceLostError, match="no such device"):
        count("webcam:99", tmp_path, parse_allowlist("webcam"))


@contextmanager
def answering(answer: bytes, tls: ssl.SSLContext | None) -> Iterator[int]:
    """Run a server that sends the same response to every request; yield its port."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            client = tls.wrap_socket(self.request, server_side=True) if tls else self.request
            with client:
                client.recv(4096)
                client.sendall(answer)

    with socketserver.ThreadingTCPServer((ALLOWED, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def certified(folder: Path) -> ssl.SSLContext:
    """Return a context with a self-signed certificate, as cameras have."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    written = ["-keyout", str(folder / "key"), "-out", str(folder / "certificate"), "-subj", "/CN=camera"]
    subprocess.run([*command, *written], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate", folder / "key")
    return context
