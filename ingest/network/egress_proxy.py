"""The decoder's only way out where sources may not lie everywhere: each connection is looked at first.

    FFmpeg -> 127.0.0.1 -> ingest.network.allowlist.connected -> camera

FFmpeg resolves names, follows redirects and fetches what a playlist lists by itself, and cannot be told where
not to. Over HTTP it is given a proxy, which sees each address that it wants: in the environment, as of what
it opens by itself not all gets the options. Over RTSP, which knows no proxy, it is given this machine's
address instead of the camera's, and an answer that would send it elsewhere ends the connection. TLS of HTTPS
is between FFmpeg and the camera; that of RTSPS ends here, so that answers can be read.
"""

import os
import select
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from ingest.network.address import Address
from ingest.network.allowlist import NO_WEBCAM, ForbiddenError, Networks, checked, connected

CHUNK = 64 * 1024  # bytes
LONGEST_HEAD = 64 * 1024  # bytes
STALLED = 30.0  # seconds that one end may take to take what the other sent
RTSP_PORTS = {"rtsp": 554, "rtsps": 322}  # RFC 7826, 19.1

# FFmpeg takes a line that begins with this for the place to go to, whatever it answers; it skips each \r.
REDIRECTION = b"\nlocation:"

# FFmpeg goes by these in each connection, also of TLS; what no_proxy names it would reach without a proxy.
PROXY_SETTINGS = ("http_proxy", "no_proxy")

NOT_FOLLOWED = "the camera sends elsewhere, which is not followed"
NO_UDP = "RTSP over UDP is for networks that MIEN_SOURCE_NETWORKS names"


@dataclass(slots=True)
class Way:
    """What FFmpeg is to open; and why that failed, where the gateway knows it better."""

    address: Address
    reason: str = ""


@contextmanager
def way_out(address: Address, networks: Networks, patience: float) -> Iterator[Way]:
    """The way to a source for as long as it is read; `patience`: seconds for a connection.

    One at a time in a process, whose environment it changes meanwhile.
    """
    way = Way(address)
    if address.kind == "webcam" and not networks.webcams:
        raise ForbiddenError(NO_WEBCAM)
    if networks.everywhere or address.kind not in ("rtsp", "http"):
        yield way
        return
    if address.kind == "rtsp" and address.transport == "udp" and not _is_named(address, networks):
        raise ForbiddenError(NO_UDP)
    with _Gateway(way, networks, patience) as gateway, _proxy_of_ffmpeg(gateway.proxy()):
        way.address = gateway.entrance()
        threading.Thread(target=gateway.serve_forever, args=(0.1,), daemon=True).start()
        try:
            yield way
        finally:
            gateway.shutdown()


class _Gateway(socketserver.ThreadingTCPServer):
    """Listens on this machine for one decoder."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, way: Way, networks: Networks, patience: float) -> None:
        super().__init__(("127.0.0.1", 0), _Visit)
        self.way = way
        self.source = way.address
        self._networks = networks
        self._patience = patience

    def proxy(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def entrance(self) -> Address:
        """What FFmpeg opens instead."""
        if self.source.kind == "http":
            return self.source
        parts = urlsplit(self.source.target)
        user, at, _ = parts.netloc.rpartition("@")
        here = f"{user}{at}127.0.0.1:{self.server_address[1]}"
        return replace(self.source, target=parts._replace(scheme="rtsp", netloc=here).geturl())

    def connect(self, host: str, port: int) -> socket.socket | None:
        """A connection that may be; None, and the reason told, where there is none."""
        try:
            return connected(host, port, self._networks, self._patience)
        except ForbiddenError as error:
            self.way.reason = str(error)
        except socket.gaierror:
            self.way.reason = "no such host"
        except TimeoutError:
            self.way.reason = "no answer in time"
        except OSError as error:
            self.way.reason = (error.strerror or "no connection").lower()
        return None


class _Visit(socketserver.BaseRequestHandler):
    """One connection of FFmpeg's."""

    server: _Gateway
    request: socket.socket

    def handle(self) -> None:
        self.request.settimeout(STALLED)
        try:
            if self.server.source.kind == "http":
                self._proxy()
            else:
                self._relay()
        except (OSError, ValueError):  # one end has gone, or an address is none: the other end learns it
            return

    def _proxy(self) -> None:
        """One request: `CONNECT host:443`, or `GET http://host/path`, sent on as it would have been."""
        head = _head(self.request)
        method, _, rest = head.partition(b" ")
        target, _, headers = rest.partition(b" ")
        parts = urlsplit((b"//" + target if method == b"CONNECT" else target).decode("latin-1"))
        camera = self.server.connect(parts.hostname or "", parts.port or 80)
        if camera is None:
            self.request.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        with closing(camera):
            if method == b"CONNECT":
                self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                path = parts._replace(scheme="", netloc="").geturl() or "/"
                camera.sendall(b" ".join((method, path.encode("latin-1"), _closing(headers))))
            _carry(self.request, camera)

    def _relay(self) -> None:
        parts = urlsplit(self.server.source.target)
        host = parts.hostname or ""
        camera = self.server.connect(host, parts.port or RTSP_PORTS[parts.scheme])
        if camera is None:
            return
        with closing(_over_tls(camera, host) if parts.scheme == "rtsps" else camera) as opened:
            if not _carry(self.request, opened, stops_at=REDIRECTION):
                self.server.way.reason = NOT_FOLLOWED


@contextmanager
def _proxy_of_ffmpeg(address: str) -> Iterator[None]:
    """Whatever FFmpeg fetches over HTTP or HTTPS, it fetches through this proxy."""
    before = {name: os.environ.pop(name, None) for name in PROXY_SETTINGS}
    os.environ["http_proxy"] = address
    try:
        yield
    finally:
        os.environ.pop("http_proxy", None)
        os.environ.update({name: value for name, value in before.items() if value is not None})


def _is_named(address: Address, networks: Networks) -> bool:
    """Whether all addresses of a camera lie in networks that were named. Raises ForbiddenError."""
    parts = urlsplit(address.target)
    host, port = parts.hostname or "", parts.port or RTSP_PORTS[parts.scheme]
    try:
        return all(networks.name(host, found) for found in checked(host, port, networks))
    except OSError:
        return False


def _head(client: socket.socket) -> bytes:
    """A request up to its empty line."""
    head = b""
    while b"\r\n\r\n" not in head:
        chunk = client.recv(CHUNK)
        if not chunk or len(head) > LONGEST_HEAD:
            raise ConnectionAbortedError("expected a whole request")
        head += chunk
    return head


def _closing(headers: bytes) -> bytes:
    """The request's other lines: another request, maybe to another host, is to come by another connection."""
    lines = headers.split(b"\r\n")
    kept = [line for line in lines[1:-2] if not line.lower().startswith((b"connection:", b"proxy-"))]
    return b"\r\n".join([lines[0], *kept, b"Connection: close", b"", b""])


def _over_tls(camera: socket.socket, host: str) -> ssl.SSLSocket:
    """As FFmpeg does it: cameras sign their certificates themselves."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(camera, server_hostname=host)


def _carry(client: socket.socket, camera: socket.socket, *, stops_at: bytes = b"") -> bool:
    """Passes on what each end says until one closes; False where the camera said `stops_at`."""
    camera.settimeout(STALLED)
    heard = b""
    while True:
        waiting = isinstance(camera, ssl.SSLSocket) and camera.pending()
        ready, _, _ = select.select([client, camera], [], [], 0 if waiting else None)
        for end in {*ready, camera} if waiting else ready:
            chunk = end.recv(CHUNK)
            if not chunk:
                return True
            if end is camera and stops_at:
                heard += chunk.replace(b"\r", b"").lower()
                if stops_at in heard:
                    return False
                heard = heard[-len(stops_at) :]
            (camera if end is client else client).sendall(chunk)
