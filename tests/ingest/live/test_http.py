"""Video over HTTP: a file is played in real time, a stream of JPEGs as it arrives."""

import http.server
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import cv2
import pytest

from ingest.live.process import open_frames
from ingest.live.stream import LiveFrame, SourceLostError
from ingest.network.address import parse_address
from ingest.pace import SECOND
from ingest.settings import IngestSettings
from tests.clips import even, make_clip, numbered_image
from tests.films import make_film

JPEG_INTERVAL = 0.1  # seconds between two JPEGs: FFmpeg assumes 25 a second
JPEGS = 6


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/endless.mp4":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(Path(self.translate_path(self.path)).read_bytes())
            return
        if self.path != "/jpegs":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace;boundary=next")
        self.end_headers()
        for number in range(JPEGS):
            _, jpeg = cv2.imencode(".jpg", numbered_image(number, (320, 240)))
            self.wfile.write(b"--next\r\nContent-Type: image/jpeg\r\n")
            self.wfile.write(f"Content-Length: {len(jpeg)}\r\n\r\n".encode() + jpeg.tobytes() + b"\r\n")
            time.sleep(JPEG_INTERVAL)

    def log_message(self, *_: object) -> None:
        """Tests are silent."""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The URL of a web server of the test's folder."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def opened(url: str, folder: Path) -> Iterator[LiveFrame]:
    for frames in open_frames(parse_address(url, folder), IngestSettings(media=folder, tokens="open")):
        yield from frames


def times(frames: list[LiveFrame]) -> list[int]:
    """Return the frames' own times in ms from the first."""
    return [round((frame.pts - frames[0].pts) / SECOND * 1000) for frame in frames]


def took(frames: list[LiveFrame]) -> float:
    """Return the seconds between the first and the last arrival."""
    return frames[-1].arrived - frames[0].arrived


def test_a_file_is_played_in_real_time(address: str, tmp_path: Path) -> None:
    make_clip(tmp_path / "clip.mp4", even(25))
    frames = list(opened(f"{address}/clip.mp4", tmp_path))
    assert times(frames) == even(25)
    assert took(frames) >= 0.9  # not faster than real time


def test_jpegs_get_the_times_of_their_arrival(address: str, tmp_path: Path) -> None:
    frames: list[LiveFrame] = []
    with pytest.raises(SourceLostError, match="the connection broke"):
        frames.extend(opened(f"{address}/jpegs", tmp_path))
    assert len(frames) >= JPEGS - 1
    assert times(frames)[-1] == pytest.approx(took(frames) * 1000, abs=2)
    assert took(frames) >= (len(frames) - 1) * JPEG_INTERVAL * 0.8


@pytest.mark.parametrize(
    ("path", "reason"), [("missing.mp4", "no such stream on the server"), ("text.mp4", "not a video stream")]
)
def test_errors_of_the_server(address: str, tmp_path: Path, path: str, reason: str) -> None:
    (tmp_path / "text.mp4").write_text("this is not a video\n" * 50)
    with pytest.raises(SourceLostError, match=reason):
        list(opened(f"{address}/{path}", tmp_path))


def test_a_fragmented_mp4_without_a_size_is_a_camera(address: str, tmp_path: Path) -> None:
    make_film(tmp_path / "film.frag.mp4", even(100)).rename(tmp_path / "endless.mp4")
    frames: list[LiveFrame] = []
    with pytest.raises(SourceLostError, match="the connection broke"):
        frames.extend(opened(f"{address}/endless.mp4", tmp_path))
    assert len(frames) > 90  # the decoder holds a few back
