"""Many websocket clients in one lean process: frames are read off the socket by hand, which costs little.

`python -m deploy.bench.websocket_clients PORT PATH COUNT EXPECTED SECONDS STUCK` connects COUNT clients, and
STUCK more that never read. It prints `ready` when each has received a message, then one line of JSON
(`Received`) when each of the COUNT has received EXPECTED messages, or after SECONDS.
"""

import asyncio
import base64
import json
import os
import re
import socket
import sys
import time
from array import array
from dataclasses import dataclass

from api.capacity import allow_many_files, shorten_collections

CURSOR = re.compile(rb'"cursor":"([0-9]+)-([0-9]+)"\}$')
ERROR = b'"type":"error"'
PING, CLOSE = 0x9, 0x8
LONG, LONGER = 126, 127  # in a frame's second byte: two, or eight, bytes of length follow
AT_ONCE = 50  # handshakes under way at a time
ANSWERS_WITHIN = 60.0  # seconds until each has heard the first heartbeat
SMALLEST = 4096  # bytes that the system may hold for a client that never reads


@dataclass(frozen=True, slots=True)
class Heard:
    """What all clients together heard. Latencies are in ms, sorted."""

    delivered: int  # messages of the timeline, in order and each once
    disordered: int  # messages that came twice or too late
    errors: int  # such as `missed`
    closed: int  # connections that the server ended
    latencies: list[float]


class Client(asyncio.Protocol):
    """One connection: counts what comes, and how long after it was written on Redis."""

    def __init__(self, request: bytes, latencies: "array[float]", *, stuck: bool) -> None:
        self.heard = asyncio.Event()
        self.delivered = self.disordered = self.errors = 0
        self.closed = False
        self._request = request
        self._latencies = latencies
        self._stuck = stuck
        self._last = (0, 0)
        self._rest = b""
        self._upgraded = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        if not self._upgraded:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._rest = head
                return
            if b" 101 " not in head.partition(b"\r\n")[0]:
                raise ConnectionRefusedError(head.decode(errors="replace"))
            self._upgraded = True
        self._rest = self._take_frames(data, time.time() * 1000)
        if self._stuck and self.heard.is_set():
            self._transport.pause_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True

    def _take_frames(self, data: bytes, now: float) -> bytes:
        """Works off the whole frames in `data`; returns what is left over."""
        start = 0
        while (bounds := _bounds(data, start)) is not None:
            begin, end = bounds
            kind = data[start] & 0x0F
            if kind == PING:
                self._transport.write(_masked(0xA, data[begin:end]))
            elif kind != CLOSE:
                self._take(data[begin:end], now)
            start = end
        return data[start:]

    def _take(self, message: bytes, now: float) -> None:
        self.heard.set()
        found = CURSOR.search(message, max(0, len(message) - 60))
        if found is None:
            self.errors += ERROR in message
            return
        cursor = (int(found[1]), int(found[2]))
        if cursor <= self._last:
            self.disordered += 1
            return
        self._last = cursor
        self.delivered += 1
        self._latencies.append(now - cursor[0])


def _bounds(data: bytes, start: int) -> tuple[int, int] | None:
    """Where the payload of the frame at `start` begins and ends; None where it is not all there."""
    if len(data) < start + 2:
        return None
    begin, length = start + 2, data[start + 1]
    if length in (LONG, LONGER):
        size = 2 if length == LONG else 8
        begin, length = begin + size, int.from_bytes(data[begin : begin + size])
    return (begin, begin + length) if len(data) >= begin + length else None


def _masked(kind: int, payload: bytes) -> bytes:
    """A short frame as clients send it; a mask of zeros leaves the payload as it is."""
    return bytes((0x80 | kind, 0x80 | len(payload), 0, 0, 0, 0)) + payload


def _request(port: int, path: str) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    ).encode()


async def _connect(port: int, path: str, gate: asyncio.Semaphore, client: Client, *, stuck: bool) -> None:
    async with gate:
        connection = socket.socket()
        if stuck:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALLEST)
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(connection, ("127.0.0.1", port))
        await loop.create_connection(lambda: client, sock=connection)
        await client.heard.wait()


async def follow(port: int, path: str, count: int, expected: int, seconds: float, stuck: int) -> Heard:
    """Connects, says `ready`, and counts."""
    latencies = array("d")
    clients = [
        Client(_request(port, path), latencies, stuck=number >= count) for number in range(count + stuck)
    ]
    gate = asyncio.Semaphore(AT_ONCE)
    async with asyncio.timeout(ANSWERS_WITHIN):
        await asyncio.gather(
            *(
                _connect(port, path, gate, client, stuck=number >= count)
                for number, client in enumerate(clients)
            )
        )
    print("ready", flush=True)
    keen = clients[:count]
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(client.delivered < expected for client in keen):
        await asyncio.sleep(0.25)
    return Heard(
        delivered=sum(client.delivered for client in keen),
        disordered=sum(client.disordered for client in keen),
        errors=sum(client.errors for client in keen),
        closed=sum(client.closed for client in keen),
        latencies=sorted(latencies),
    )


def main() -> int:
    port, path, count, expected, seconds, stuck = sys.argv[1:]
    allow_many_files()
    shorten_collections()
    heard = asyncio.run(follow(int(port), path, int(count), int(expected), float(seconds), int(stuck)))
    print(json.dumps({name: getattr(heard, name) for name in Heard.__slots__}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
