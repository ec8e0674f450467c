"""Many websocket clients in one process, for a load test of the API.

They parse websocket frames themselves: a library would use more processor time than the API under test.

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

from api.capacity import raise_open_file_limit, tune_garbage_collection

CURSOR = re.compile(rb'"cursor":"([0-9]+)-([0-9]+)"\}$')
ERROR = b'"type":"error"'
PING, CLOSE = 0x9, 0x8
LENGTH_16, LENGTH_64 = 126, 127  # in a frame's second byte: two, or eight, bytes of length follow
MAX_HANDSHAKES = 50  # at the same time
CONNECT_TIMEOUT = 60.0  # seconds until each client has received a message
STUCK_BUFFER = 4096  # bytes of the receive buffer of a client that never reads


@dataclass(frozen=True, slots=True)
class Received:
    """Counts of all clients together, and the sorted latencies in ms."""

    delivered: int  # messages of the timeline, in order and without duplicates
    disordered: int  # messages that came twice or out of order
    errors: int  # error messages, such as `missed`
    closed: int  # connections that the server ended
    latencies: list[float]


class Client(asyncio.Protocol):
    """A connection that counts messages, and measures their latency from Redis on."""

    def __init__(self, request: bytes, latencies: "array[float]", *, stuck: bool) -> None:
        self.received = asyncio.Event()
        self.delivered = self.disordered = self.errors = 0
        self.closed = False
        self._request = request
        self._latencies = latencies
        self.stuck = stuck
        self._last = (0, 0)
        self._buffer = b""
        self._upgraded = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data
        if not self._upgraded:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._buffer = head
                return
            if b" 101 " not in head.partition(b"\r\n")[0]:
                raise ConnectionRefusedError(head.decode(errors="replace"))
            self._upgraded = True
        self._buffer = self._handle_frames(data, time.time() * 1000)
        if self.stuck and self.received.is_set():
            self._transport.pause_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True

    def _handle_frames(self, data: bytes, now: float) -> bytes:
        """Handle the complete frames in `data`; return the incomplete rest."""
        start = 0
        while (bounds := _bounds(data, start)) is not None:
            begin, end = bounds
            opcode = data[start] & 0x0F
            if opcode == PING:
                self._transport.write(_masked(0xA, data[begin:end]))
            elif opcode != CLOSE:
                self._handle(data[begin:end], now)
            start = end
        return data[start:]

    def _handle(self, message: bytes, now: float) -> None:
        self.received.set()
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
    """Return the bounds of the payload of the frame at `start`; None if it is incomplete."""
    if len(data) < start + 2:
        return None
    begin, length = start + 2, data[start + 1]
    if length in (LENGTH_16, LENGTH_64):
        size = 2 if length == LENGTH_16 else 8
        begin, length = begin + size, int.from_bytes(data[begin : begin + size])
    return (begin, begin + length) if len(data) >= begin + length else None


def _masked(opcode: int, payload: bytes) -> bytes:
    """Return a short client frame; a mask of zeros leaves the payload unchanged."""
    return bytes((0x80 | opcode, 0x80 | len(payload), 0, 0, 0, 0)) + payload


def _request(port: int, path: str) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    ).encode()


async def _connect(port: int, slots: asyncio.Semaphore, client: Client) -> None:
    async with slots:
        connection = socket.socket()
        if client.stuck:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, STUCK_BUFFER)
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(connection, ("127.0.0.1", port))
        await loop.create_connection(lambda: client, sock=connection)
        await client.received.wait()


async def _connect_all(port: int, clients: list[Client]) -> None:
    slots = asyncio.Semaphore(MAX_HANDSHAKES)
    async with asyncio.timeout(CONNECT_TIMEOUT):
        await asyncio.gather(*(_connect(port, slots, client) for client in clients))


async def follow(port: int, path: str, count: int, expected: int, seconds: float, stuck: int) -> Received:
    """Connect all clients, print `ready`, and count until all is received or `seconds` are over."""
    latencies, request = array("d"), _request(port, path)
    readers = [Client(request, latencies, stuck=False) for _ in range(count)]
    await _connect_all(port, [*readers, *(Client(request, latencies, stuck=True) for _ in range(stuck))])
    print("ready", flush=True)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(client.delivered < expected for client in readers):
        await asyncio.sleep(0.25)
    return Received(
        delivered=sum(client.delivered for client in readers),
        disordered=sum(client.disordered for client in readers),
        errors=sum(client.errors for client in readers),
        closed=sum(client.closed for client in readers),
        latencies=sorted(latencies),
    )


def main() -> int:
    port, path, count, expected, seconds, stuck = sys.argv[1:]
    raise_open_file_limit()
    tune_garbage_collection()
    received = asyncio.run(follow(int(port), path, int(count), int(expected), float(seconds), int(stuck)))
    print(json.dumps({name: getattr(received, name) for name in Received.__slots__}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
