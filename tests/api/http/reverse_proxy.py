"""A reverse proxy that serves a service at the sub-path /mien of its address, alone among other services."""

import asyncio
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field

ROOT = "/mien"
HEAD_END = b"\r\n\r\n"
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Proxy:
    """The port of the proxy and of its service, and the paths of requests that are not for the service."""

    port: int
    upstream: int
    strip: bool  # removes the sub-path from the path of a request
    outside: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{ROOT}"

    async def run(self, listener: socket.socket, stop: threading.Event) -> None:
        async with await asyncio.start_server(self._serve, sock=listener):
            await asyncio.to_thread(stop.wait)

    async def _serve(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Pass on one request, or one websocket, and close the connection."""
        with closing(back), suppress(OSError, asyncio.IncompleteReadError):
            method, path, rest = (await client.readuntil(HEAD_END)).split(b" ", 2)
            if not path.startswith(f"{ROOT}/".encode()):
                self.outside.append(path.decode())
                back.write(NOT_FOUND)
                return
            service, forth = await asyncio.open_connection("127.0.0.1", self.upstream)
            with closing(forth):
                forth.write(b" ".join((method, self._passed_on(path), one_request(rest))))
                await asyncio.wait(
                    [copying(client, forth), copying(service, back)], return_when="FIRST_COMPLETED"
                )

    def _passed_on(self, path: bytes) -> bytes:
        return path.removeprefix(ROOT.encode()) if self.strip else path


def one_request(head: bytes) -> bytes:
    """Return the rest of a request's head so that the service closes the connection after its answer."""
    return re.sub(rb"(?i)connection: keep-alive", b"Connection: close", head)


def copying(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> asyncio.Task[None]:
    return asyncio.create_task(copy(source, target))


async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()


@contextmanager
def proxying(upstream: int, *, strip: bool) -> Iterator[Proxy]:
    """Serve in a thread until the context ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    proxy, stop = Proxy(listener.getsockname()[1], upstream, strip), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(proxy.run(listener, stop)))
    thread.start()
    try:
        yield proxy
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive(), "the proxy did not stop"
