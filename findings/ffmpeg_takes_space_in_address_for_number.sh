#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8), CPython 3.11, Linux x86_64.
#
# The guess was written down after the first run.
# Guess: FFmpeg asks a web server for the address that it is given, once.
# Seen: not where the address ends in the suffix of a picture. FFmpeg looks for a pattern of numbered files there, and
# takes "%20d" of "/front%20door.jpg" for a number of 20 digits. It asks for five pictures that do not exist, such as
# /front00000000000000000000oor.jpg, and then twice for the right one. "/front%20gate.jpg" is asked for once, as is
# "/front%20door" without a suffix. Naming the format ("jpeg_pipe") avoids it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check av==18.1.0
"$folder/venv/bin/python" - <<'PYTHON'
import io
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import av

with av.open(picture := io.BytesIO(), "w", format="mjpeg") as output:
    stream = output.add_stream("mjpeg", rate=25)
    stream.width, stream.height, stream.pix_fmt = 64, 64, "yuvj420p"
    output.mux([*stream.encode(av.VideoFrame(64, 64, "yuvj420p")), *stream.encode(None)])
asked: list[str] = []


class Camera(BaseHTTPRequestHandler):
    """Has one picture, at the address `path`."""

    def do_GET(self) -> None:
        asked.append(self.path)
        body = picture.getvalue() if self.path == path else b""
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Camera)
Thread(target=server.serve_forever, daemon=True).start()
for path, name, expected in (
    ("/front%20gate.jpg", None, 1),
    ("/front%20door", None, 1),
    ("/front%20door.jpg", None, 7),
    ("/front%20door.jpg", "jpeg_pipe", 1),
):
    asked.clear()
    with av.open(f"http://127.0.0.1:{server.server_port}{path}", format=name) as container:
        print(f"{path}, format {name}: {container.format.name} asks for", *asked, sep="\n  ")
    assert len(asked) == expected and asked[-1] == path, "changed"
PYTHON
