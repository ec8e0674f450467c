"""A proxy on this machine, through which FFmpeg reaches cameras when sources are restricted to some networks.

    FFmpeg -> 127.0.0.1 -> ingest.network.allowlist.connect -> camera

FFmpeg resolves names, follows redirections and fetches what a playlist lists by itself, and has no option to
restrict where. For HTTP it uses this proxy, which checks each address; the proxy is set in the environment,
because FFmpeg does not pass its options on to everything that it opens. RTSP has no proxies: FFmpeg opens an
address of this machine instead of the camera's, and a redirection ends the connection. TLS of HTTPS is
between FFmpeg and the camera; that of RTSPS ends here, so that redirections can be seen.

Why no library: HTTP proxies for Python resolve a name again after the check of its address, so that it can
change in between, and none relays RTSP.
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
from ingest.network.allowlist import NO_WEBCAM, Allowlist, ForbiddenError, allowed_addresses, connect
from ingest.network.source_types import DEFAULT_PORTS

CHUNK = 64 * 1024  # bytes
MAX_HEAD = 64 * 1024  # bytes of a request's head
STALL_TIMEOUT = 30.0  # seconds in which neither end takes data

# FFmpeg takes each line that begins with this for a redirection, whatever the response; it skips each \r.
REDIRECTION = b"\nlocation:"

# FFmpeg reads these for each connection, also of TLS; it would reach hosts in no_proxy without the proxy.
PROXY_VARIABLES = ("http_proxy", "no_proxy")

NOT_FOLLOWED = "the camera redirects to another address, which is not followed"
NO_UDP = "RTSP over UDP needs a camera in a network that MIEN_SOURCE_NETWORKS names"


@dataclass(slots=True)
class Upstream:
    """The address that FFmpeg opens, and the proxy's reason if it cannot reach the camera."""

    address: Address
    reason: str = ""


@contextmanager
def restricted(address: Address, allowlist: Allowlist, timeout: float) -> Iterator[Upstream]:
    """Give FFmpeg access to one source; `timeout`: seconds for a connection.

    Changes the environment meanwhile, so use one at a time in a process. Raise ForbiddenError.
    """
    upstream = Upstream(address)
    if address.type.device and not allowlist.webcams:
        raise ForbiddenError(NO_WEBCAM)
    if allowlist.everywhere or not address.type.ports:
        yield upstream
        return
    if address.type.transport_option and address.transport == "udp" and not _is_named(address, allowlist):
        raise ForbiddenError(NO_UDP)
    with _Proxy(upstream, allowlist, timeout) as proxy, _proxy_variables(f"http://{proxy.netloc}"):
        upstream.address = proxy.local_address()
        threading.Thread(target=proxy.serve_forever, args=(0.1,), daemon=True).start()
        try:
            yield upstream
        finally:
            proxy.shutdown()


class _Proxy(socketserver.ThreadingTCPServer):
    """Listens on this machine for one decoder."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, upstream: Upstream, allowlist: Allowlist, timeout: float) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.source = upstream.address
        self.netloc = f"127.0.0.1:{self.server_address[1]}"
        self._allowlist = allowlist
        self._connect_timeout = timeout

    def local_address(self) -> Address:
        """Return the address that FFmpeg opens: the source's over HTTP, else this server's."""
        if self.source.type.http_proxy:
            return self.source
        parts = urlsplit(self.source.target)
        user, at, _ = parts.netloc.rpartition("@")
        local = parts._replace(scheme=self.source.type.name, netloc=f"{user}{at}{self.netloc}")
        return replace(self.source, target=local.geturl())

    def connect(self, host: str, port: int) -> socket.socket | None:
        """Connect to an allowed address; on failure set the upstream's reason and return None."""
        try:
            return connect(host, port, self._allowlist, self._connect_timeout)
        except ForbiddenError as error:
            self.upstream.reason = str(error)
        except socket.gaierror:
            self.upstream.reason = "no such host"
        except TimeoutError:
            self.upstream.reason = "no answer in time"
        except OSError as error:
            self.upstream.reason = (error.strerror or "no connection").lower()
        return None


class _Handler(socketserver.BaseRequestHandler):
    """One connection from FFmpeg."""

    server: _Proxy
    request: socket.socket

    def handle(self) -> None:
        self.request.settimeout(STALL_TIMEOUT)
        try:
            if self.server.source.type.http_proxy:
                self._serve_http()
            else:
                self._serve_rtsp()
        except (OSError, ValueError):  # one end has closed, or the address is invalid: FFmpeg sees the end
            return

    def _serve_http(self) -> None:
        """Serve one request: `CONNECT host:443`, or `GET http://host/path`, sent on as `GET /path`."""
        head = _read_head(self.request)
        method, _, rest = head.partition(b" ")
        target, _, headers = rest.partition(b" ")
        parts = urlsplit((b"//" + target if method == b"CONNECT" else target).decode("latin-1"))
        camera = self.server.connect(parts.hostname or "", parts.port or DEFAULT_PORTS["http"])
        if camera is None:
            self.request.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        with closing(camera):
            if method == b"CONNECT":
                self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                path = parts._replace(scheme="", netloc="").geturl() or "/"
                camera.sendall(b" ".join((method, path.encode("latin-1"), _with_close(headers))))
            _relay(self.request, camera)

    def _serve_rtsp(self) -> None:
        parts = urlsplit(self.server.source.target)
        host = parts.hostname or ""
        camera = self.server.connect(host, parts.port or DEFAULT_PORTS[parts.scheme])
        if camera is None:
            return
        has_tls = parts.scheme != self.server.source.type.name
        with closing(_over_tls(camera, host) if has_tls else camera) as opened:
            if not _relay(self.request, opened, stop_at=REDIRECTION):
                self.server.upstream.reason = NOT_FOLLOWED


@contextmanager
def _proxy_variables(url: str) -> Iterator[None]:
    """Make FFmpeg use this proxy for everything that it fetches over HTTP or HTTPS."""
    before = {name: os.environ.pop(name, None) for name in PROXY_VARIABLES}
    os.environ["http_proxy"] = url
    try:
        yield
    finally:
        os.environ.pop("http_proxy", None)
        os.environ.update({name: value for name, value in before.items() if value is not None})


def _is_named(address: Address, allowlist: Allowlist) -> bool:
    """Return whether MIEN_SOURCE_NETWORKS names all addresses of a camera. Raise ForbiddenError."""
    parts = urlsplit(address.target)
    host, port = parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]
    try:
        return all(allowlist.is_named(host, each) for each in allowed_addresses(host, port, allowlist))
    except OSError:
        return False


def _read_head(client: socket.socket) -> bytes:
    """Read a request up to its empty line."""
    head = b""
    while b"\r\n\r\n" not in head:
        chunk = client.recv(CHUNK)
        if not chunk or len(head) > MAX_HEAD:
            raise ConnectionAbortedError("the head of the request has no end")
        head += chunk
    return head


def _with_close(headers: bytes) -> bytes:
    """Add `Connection: close`: the next request may be to another host, so it needs a new connection."""
    first, *lines = headers.split(b"\r\n")[:-2]
    others = [line for line in lines if not line.lower().startswith((b"connection:", b"proxy-"))]
    return b"\r\n".join([first, *others, b"Connection: close", b"", b""])


def _over_tls(camera: socket.socket, host: str) -> ssl.SSLSocket:
    """Accept any certificate, as FFmpeg does: cameras sign their certificates themselves."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(camera, server_hostname=host)


def _relay(client: socket.socket, camera: socket.socket, *, stop_at: bytes = b"") -> bool:
    """Copy data both ways until one end closes; stop and return False if the camera sends `stop_at`."""
    camera.settimeout(STALL_TIMEOUT)
    recent = b""
    while True:
        pending = isinstance(camera, ssl.SSLSocket) and camera.pending()
        ready, _, _ = select.select([client, camera], [], [], 0 if pending else None)
        for end in {*ready, camera} if pending else ready:
            chunk = end.recv(CHUNK)
            if not chunk:
                return True
            if end is camera and stop_at:
                recent += chunk.replace(b"\r", b"").lower()
                if stop_at in recent:
                    return False
                recent = recent[-len(stop_at) :]
            (camera if end is client else client).sendall(chunk)
