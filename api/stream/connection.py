"""One websocket as uvicorn serves it, with a bound on everything that waits for its client.

    mailbox ──▶ this process (HELD) ──▶ the kernel (UNSENT, then the client's own window) ──▶ the client

A client that takes nothing at all for PATIENCE is cut off by the kernel, whatever the service is doing.
"""

import asyncio
import socket
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode

HELD = 32 * 1024  # bytes; above, who sends waits until the client has taken most of them
UNSENT = 64 * 1024  # bytes
PATIENCE = 60  # seconds


def text_frame(text: str) -> bytes:
    """A message as it goes over the wire, the same for each client: what a server sends is not masked."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


class Connection(WebSocketsSansIOProtocol):
    """Takes, beside ASGI's messages, a `websocket.send` with `frames`: bytes that are framed already."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=HELD)
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, PATIENCE * 1000)

    async def send(self, message: Any) -> None:
        """Waits while the client has too much to take. Raises ClientDisconnected."""
        if "frames" not in message:
            await super().send(message)
            return
        await self.writable.wait()
        if self.close_sent or self.transport.is_closing():
            raise ClientDisconnected
        self.transport.write(message["frames"])
