"""`mien models get yunet` with a real server on this machine: the right file or none is stored."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from api.verbs.download import DownloadError, FileDigest, download
from engine.detectors import YUNET
from tests.api.verbs.commanding import call

CONTENT = bytes(range(256)) * 400
DIGEST = FileDigest(len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
AT_ONCE = (0.0, 0.0, 0.0)

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """Sends its responses in turn, the last one repeatedly."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.requests = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                number = min(server.requests, len(server.answers) - 1)
                server.requests += 1
                server.answers[number](self)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._http.server_port}/yunet.onnx"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def whole(content: bytes) -> Answer:
    return cut_off(content, len(content))


def cut_off(content: bytes, sent: int) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[:sent])

    return answer


def status(code: int) -> Answer:
    return lambda handler: handler.send_error(code)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def test_a_file_is_stored_at_its_path(server: Server, tmp_path: Path) -> None:
    server.answers = [whole(CONTENT)]
    download(server.address, DIGEST, tmp_path / "models/yunet.onnx", AT_ONCE)
    assert (tmp_path / "models/yunet.onnx").read_bytes() == CONTENT
    assert [file.name for file in (tmp_path / "models").iterdir()] == ["yunet.onnx"]


def test_transient_errors_are_retried(server: Server, tmp_path: Path) -> None:
    server.answers = [status(503), cut_off(CONTENT, 1000), whole(CONTENT)]
    download(server.address, DIGEST, tmp_path / "yunet.onnx", AT_ONCE)
    assert server.requests == 3


@pytest.mark.parametrize(
    ("answer", "requests", "error"),
    [
        (status(404), 1, "the server answers 404 Not Found"),
        (status(500), 4, "download failed 4 times: the server answers 500 Internal Server Error"),
        (cut_off(CONTENT, 1000), 4, "download failed 4 times: the connection broke off after 1000 bytes"),
        (whole(CONTENT[:-1] + b"?"), 1, f"sha256 must be {DIGEST.sha256}, got "),
        (whole(CONTENT + b"more"), 1, f"sha256 must be {DIGEST.sha256}, got "),
        (whole(b"<html>log in first</html>"), 1, f"sha256 must be {DIGEST.sha256}, got "),
    ],
)
def test_a_failed_download_leaves_the_old_file(
    server: Server, tmp_path: Path, answer: Answer, requests: int, error: str
) -> None:
    (tmp_path / "yunet.onnx").write_bytes(b"the old one")
    server.answers = [answer]
    with pytest.raises(DownloadError) as refused:
        download(server.address, DIGEST, tmp_path / "yunet.onnx", AT_ONCE)
    assert str(refused.value).startswith(f"{server.address}: {error}")
    assert server.requests == requests
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"yunet.onnx": b"the old one"}


def test_without_a_network_the_error_is_one_line(server: Server, tmp_path: Path) -> None:
    server.close()
    with pytest.raises(DownloadError, match=r"^http\S+: download failed 4 times: Connection refused$"):
        download(server.address, DIGEST, tmp_path / "yunet.onnx", AT_ONCE)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_named(server: Server, tmp_path: Path) -> None:
    server.answers = [whole(CONTENT)]
    (tmp_path / "models").write_text("a file")
    with pytest.raises(DownloadError, match=r"models/yunet.onnx: cannot be written: "):
        download(server.address, DIGEST, tmp_path / "models/yunet.onnx", AT_ONCE)


def test_the_command_refuses_another_file_in_one_line(
    server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    server.answers = [whole(CONTENT)]
    called = call(capfd, "models", "get", "yunet", "--data", tmp_path, "--from", server.address)
    assert (called.code, called.out) == (1, "")
    assert f"sha256 must be {YUNET['sha256']}" in called.error_line()
    nowhere = call(capfd, "models", "get", "yunet", "--data", tmp_path, "--from", "yunet.onnx")
    assert "yunet.onnx: not an address that begins with https://" in nowhere.error_line()


def test_the_command_downloads_once(
    server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str], shared: Path
) -> None:
    weights = (shared / "models/face_detection_yunet_2023mar_dynamic.onnx").read_bytes()
    server.answers = [whole(weights)]
    words = ("models", "get", "yunet", "--data", tmp_path, "--from", server.address)
    first, second = call(capfd, *words), call(capfd, *words)
    assert (first.code, second.code) == (0, 0)
    assert (tmp_path / "models/yunet.onnx").read_bytes() == weights
    assert "237823 bytes, with the right hash" in first.out
    assert "is installed already" in second.out
    assert server.requests == 1


def test_a_run_with_yunet_names_it(tmp_path: Path, capfd: pytest.CaptureFixture[str], shared: Path) -> None:
    picture = shared / "pictures/facerec_two_people.jpg"
    words = ("run", picture, "--out", tmp_path / "out", "--json", "--detector", "yunet")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MIEN_DATA", str(tmp_path))
        without = call(capfd, *words)
        assert without.code == 1
        assert "models/yunet.onnx: no such weight file; `mien models get yunet`" in without.error_line()
        weights = shared / "models/face_detection_yunet_2023mar_dynamic.onnx"
        assert call(capfd, "models", "get", "yunet", "--from", weights).code == 0
        summary = call(capfd, *words).json
        shown = call(capfd, "models").out
    assert summary["models"]["detector"] == "yunet-daede240"
    assert [line for line in shown.splitlines() if line.startswith("name: ")] == [
        *("name: detector", "name: emotion", "name: keypoints", "name: yunet")
    ]
    assert summary["faces"] == 2
