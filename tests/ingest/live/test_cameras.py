"""Cameras as they are: UDP only, single JPEGs, wrong multipart streams, and the usual formats."""

import http.server
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import pytest

from ingest.live.process import open_frames
from ingest.live.stream import LiveFrame, SourceLostError
from ingest.network.address import parse_address
from ingest.network.allowlist import parse_allowlist
from ingest.settings import IngestSettings
from tests.clips import even, make_clip, numbered_image, remux
from tests.servers import RtspServer

Serve = Callable[[dict[str, Path]], RtspServer]
Answer = tuple[str, bytes]  # the content type and the body

JPEGS = [cv2.imencode(".jpg", numbered_image(number, (160, 120)))[1].tobytes() for number in range(4)]


@contextmanager
def answering(answers: dict[str, Answer], password: str = "") -> Iterator[tuple[str, list[str]]]:
    """Serve the answers by path; yield the server's address and the paths of its requests."""
    requests: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            given = b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()
            content_type, body = answers[self.path]
            self.send_response(200 if given.endswith(password) else 401)
            if not given.endswith(password):
                self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                body = b""
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", content_type)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tests are silent."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"127.0.0.1:{server.server_port}", requests
    server.shutdown()
    server.server_close()


def opened(url: str, *, networks: str = "127.0.0.1", rate: float = 50.0) -> Iterator[LiveFrame]:
    settings = IngestSettings(source_networks=parse_allowlist(networks))
    for frames in open_frames(parse_address(url, Path("/media")), settings, rate=rate):
        yield from frames


def first_frames(url: str, count: int) -> list[LiveFrame]:
    frames = opened(url)
    found = [frame for frame, _ in zip(frames, range(count), strict=False)]
    frames.close()  # type: ignore[attr-defined]
    return found


def test_a_single_jpeg_is_fetched_at_the_rate() -> None:
    with answering({"/snap.jpg": ("image/jpeg", JPEGS[0])}, password=":p@ss/w:rd") as (host, _):
        began = time.time()
        frames = first_frames(f"http://viewer:p%40ss%2Fw%3Ard@{host}/snap.jpg", 4)
    assert frames[-1].arrived - began >= 3 / 50
    assert [frame.captured for frame in frames] == [None] * 4


def test_a_refused_password_of_a_single_jpeg_is_told() -> None:
    with (
        answering({"/snap.jpg": ("image/jpeg", JPEGS[0])}, password=":right") as (host, _),
        pytest.raises(SourceLostError, match="user name or password refused"),
    ):
        list(opened(f"http://viewer:wrong@{host}/snap.jpg"))


def parts(boundary: bytes, head: bytes) -> bytes:
    return b"".join(
        boundary + b"\r\n" + head.replace(b"LENGTH", b"%d" % len(jpeg)) + jpeg + b"\r\n" for jpeg in JPEGS
    )


HEAD = b"Content-Type: image/jpeg\r\nContent-Length: LENGTH\r\n\r\n"


@pytest.mark.parametrize(
    "body",
    [
        parts(b"--next", HEAD),
        parts(b"--next", HEAD).removeprefix(b"--next\r\n"),
        parts(b"--next", HEAD)[parts(b"--next", HEAD).index(b"\xff\xd8") :],
        parts(b"next", HEAD),
        b"hello\r\n\r\n" + parts(b"--next", HEAD),
        parts(b"--next", HEAD.replace(b"image/jpeg", b"image/jpg")),
        parts(b"--next", b"\r\n"),
        parts(b"--next", b"content-type: image/jpeg\r\n\r\n"),
    ],
    ids=[
        "right",
        "no first boundary",
        "picture first",
        "no dashes",
        "preamble",
        "jpg",
        "bare",
        "no length",
    ],
)
def test_multipart_streams(body: bytes) -> None:
    frames: list[LiveFrame] = []
    with (
        answering({"/video": ("multipart/x-mixed-replace;boundary=next", body)}) as (host, _),
        pytest.raises(SourceLostError, match="the c"),
    ):
        frames.extend(opened(f"http://{host}/video"))
    assert len(frames) >= len(JPEGS) - 1


def test_mpeg_ts_and_hls(tmp_path: Path) -> None:
    clip = remux(make_clip(tmp_path / "clip.mp4", even(25), size=(160, 120)), tmp_path / "clip.ts")
    playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nclip.ts\n#EXT-X-ENDLIST\n"
    answers = {
        "/clip.ts": ("video/mp2t", clip.read_bytes()),
        "/live.m3u8": ("application/vnd.apple.mpegurl", playlist),
    }
    with answering(answers) as (host, _):
        assert len(first_frames(f"http://{host}/clip.ts", 3)) == 3
        assert len(first_frames(f"http://{host}/live.m3u8", 3)) == 3


@pytest.mark.rtsp
def test_a_camera_without_tcp_is_read_over_udp(
    rtsp_server: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_clip(tmp_path / "clip.mp4", even(250), size=(160, 120))
    server = rtsp_server({"udp:door": tmp_path / "clip.mp4"})
    assert first_frames(server.url("door"), 1)
    assert capsys.readouterr().out == "udp\n"
    with pytest.raises(SourceLostError, match=r"^the camera refuses RTSP over TCP$"):
        list(opened(server.url("door") + "?mien_transport=tcp"))


@pytest.mark.rtsp
@pytest.mark.parametrize(
    ("kind", "codec", "pixels"),
    [("h265", "libx265", "yuv420p"), ("jpeg", "mjpeg", "yuvj420p"), ("locked", "libx264", "yuv420p")],
)
def test_codecs_and_a_login_over_rtsp(
    rtsp_server: Serve, tmp_path: Path, kind: str, codec: str, pixels: str
) -> None:
    make_clip(tmp_path / "clip.mov", even(100), size=(160, 120), codec=codec, pixel_format=pixels)
    server = rtsp_server({f"{kind}:door": tmp_path / "clip.mov"})
    assert first_frames(server.url("door").replace("//", "//viewer:p%40s%3As%2F%23%25@"), 1)
