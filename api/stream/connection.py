"""The server's side of one websocket, with a limit on everything that waits for its client.

    ClientQueue ──▶ this process (MAX_BUFFERED) ──▶ the kernel (MAX_UNSENT, then TCP's window) ──▶ the client

uvicorn's own protocol is extended for two reasons. It encodes each message anew for each client, which takes
2.2 µs for a reading of 1.4 KB, against 0.1 µs for a frame that all clients share; and it makes a system call
for each message, where one call can send all that wait. And it limits neither the kernel's buffer for a slow
client nor the time that a client may read nothing. uvicorn and websockets have no option for either.
"""

import asyncio
import socket
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode

MAX_BUFFERED = 32 * 1024  # bytes; above it, send() waits until the client has taken most of them
MAX_UNSENT = 64 * 1024  # bytes
CLIENT_TIMEOUT = 60  # seconds without a pong, or with unread data, until a client is disconnected


def text_frame(text: str) -> bytes:
    """Frame a message. All clients share the bytes, because a server does not mask its frames."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


def limit_unsent(connection: socket.socket, timeout: float | None) -> None:
    """Let the kernel close a connection whose client takes no data for `timeout` seconds."""
    milliseconds = int((timeout or CLIENT_TIMEOUT) * 1000)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)


class Connection(WebSocketsSansIOProtocol):
    """uvicorn's websocket, extended by `websocket.send` with `frames`: bytes that are already framed."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=MAX_BUFFERED)
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, MAX_UNSENT)

    async def send(self, message: Any) -> None:
        """Send an ASGI message. Waits while too much is buffered. Raises ClientDisconnected."""
        if "frames" not in message:
            await super().send(message)
            if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
                self.handshake_complete = True  # it was refused, which uvicorn logs as a missing handshake
            return
        await self.writable.wait()
        if self.close_sent or self.transport.is_closing():
            raise ClientDisconnected
        self.transport.write(message["frames"])
