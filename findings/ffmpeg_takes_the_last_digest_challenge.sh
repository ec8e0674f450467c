#!/bin/sh
# PyAV 18.1.0 (FFmpeg 8.1.2), CPython 3.11, Linux x86_64.
#
# Guess: of several Digest challenges FFmpeg answers one that it knows (RFC 7616, 3.7: "the client SHOULD choose the
# first challenge it supports"). It knows MD5, so a server that offers MD5 and SHA-256 is read.
# Seen: it remembers the last challenge alone. [SHA-256, MD5] is read, [MD5, SHA-256] is refused: 401 Unauthorized.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check av==18.1.0
"$folder/venv/bin/python" - <<'PYTHON'
import http.server
import sys
import threading

import av


class Server(http.server.BaseHTTPRequestHandler):
    algorithms = ()

    def do_GET(self):
        is_answered = "Authorization" in self.headers
        self.send_response(200 if is_answered else 401)
        for algorithm in self.algorithms:
            self.send_header("WWW-Authenticate", f'Digest realm="a", nonce="b", qop="auth", algorithm={algorithm}')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def is_logged_in(*algorithms):
    Server.algorithms = algorithms
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        av.open(f"http://user:password@127.0.0.1:{server.server_port}/", format="mjpeg")
    except av.error.HTTPUnauthorizedError:
        return False
    except av.FFmpegError:  # an empty answer is no video
        return True
    return True


seen = [is_logged_in("SHA-256", "MD5"), is_logged_in("MD5", "SHA-256")]
print("SHA-256, MD5: logged in" if seen[0] else "SHA-256, MD5: refused")
print("MD5, SHA-256: logged in" if seen[1] else "MD5, SHA-256: refused")
sys.exit("changed: FFmpeg chooses among challenges" if seen != [True, False] else 0)
PYTHON
