"""`mien recordings fetch` from a server that cannot be trusted."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.api.verbs.commanding import call

Capture = pytest.CaptureFixture[str]


@contextmanager
def serving_files(names: Sequence[str], length: int) -> Iterator[str]:
    """Serve a recording with these files of five bytes, which are declared as `length` bytes.

    A negative length stands for no answer at all.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            recording = {"name": "clip", "state": "completed", "files": [{"name": name} for name in names]}
            is_file = "/files/" in self.path
            body = b"bytes" if is_file else json.dumps(recording).encode()
            if length < 0:
                return
            self.send_response(200)
            self.send_header("Content-Length", str(length if is_file else len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()  # seconds between its looks
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def fetched(folder: Path, names: Sequence[str], capfd: Capture, *, length: int = 5) -> tuple[int, str]:
    with serving_files(names, length) as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIEN_URL", address)
        called = call(capfd, "recordings", "fetch", "abc", "--out", folder / "out")
    return called.code, called.err


def written(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", ["../planted", "/planted", "..", "a/b", "", ".bashrc", "x" * 256])
def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path, capfd: Capture, name: str) -> None:
    code, error = fetched(tmp_path, ["readings.csv", name], capfd)
    assert (code, written(tmp_path)) == (1, [])
    assert error.endswith("no plain name: nothing is fetched\n")


def test_plain_names_are_fetched(tmp_path: Path, capfd: Capture) -> None:
    assert fetched(tmp_path, ["readings.csv", "état.json"], capfd) == (0, "")
    assert written(tmp_path) == ["out/readings.csv", "out/état.json"]


def test_a_file_that_is_not_complete_is_no_file(tmp_path: Path, capfd: Capture) -> None:
    reason = "mien: readings.csv: the connection broke off 4 bytes before the end\n"
    assert fetched(tmp_path, ["readings.csv"], capfd, length=9) == (1, reason)
    assert written(tmp_path) == []


def test_no_answer_is_no_refusal(tmp_path: Path, capfd: Capture) -> None:
    code, error = fetched(tmp_path, ["readings.csv"], capfd, length=-1)
    assert (code, "it may have done it or do it yet" in error) == (1, True)
