"""Listening sockets that keep to the limits of connections, also while a TLS handshake is not complete.

A connection that is closed for another, or whose time is over, is shut down. asyncio then meets the end
of its input and closes it, be it plain, TLS or a websocket.
"""

import contextlib
import errno
import socket
from collections.abc import Callable
from typing import Any

from api.server.gate import Gate, Peer

BACKLOG = 2048  # connections that the kernel keeps until they are accepted
ACCEPTED_AT_ONCE = 8  # in one turn of the event loop; so many more files may be open until others are closed

OUT_OF_FILES = (errno.EMFILE, errno.ENFILE)


class AcceptedSocket(socket.socket):
    """The server's end of a connection, which leaves the gate when it is closed."""

    left: Callable[[], None] | None = None

    def close(self) -> None:
        super().close()
        if self.left is not None:
            self.left()


class Listener(socket.socket):
    """A listening socket; `peers` has its open connections by their file descriptors."""

    def __init__(self, family: int, gate: Gate, peers: dict[int, Peer]) -> None:
        super().__init__(family, socket.SOCK_STREAM)
        self._kind = family
        self._gate = gate
        self._peers = peers

    def listen(self, backlog: int = BACKLOG, /) -> None:
        """Listen with a backlog of BACKLOG: asyncio's is also the number that it accepts at once."""
        super().listen(BACKLOG)

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept a connection. Raises ConnectionAbortedError, which asyncio ignores, for a refused one."""
        try:
            descriptor, address = self._accept()  # type: ignore[attr-defined]  # as socket.accept does
        except OSError as error:
            raise self._made_room(error) from error
        accepted = AcceptedSocket(self._kind, socket.SOCK_STREAM, self.proto, descriptor)
        peer, surplus = self._gate.enter(address[0], lambda: shut_down(accepted))
        if surplus is not None:
            surplus.close()
        if surplus is peer:
            accepted.close()
            raise ConnectionAbortedError("too many connections")
        self._peers[descriptor] = peer
        accepted.left = lambda: self._leave(descriptor, peer)
        return accepted, address

    def _made_room(self, error: OSError) -> OSError:
        """Close the oldest anonymous connection if files ran out: asyncio would accept none for a second."""
        oldest = self._gate.oldest() if error.errno in OUT_OF_FILES else None
        if oldest is None:
            return error
        self._gate.displace(oldest)
        oldest.close()
        return ConnectionAbortedError("no file handle is left")

    def _leave(self, descriptor: int, peer: Peer) -> None:
        peer.leave()
        if self._peers.get(descriptor) is peer:
            del self._peers[descriptor]


def listeners(host: str, port: int, gate: Gate, peers: dict[int, Peer]) -> list[socket.socket]:
    """Bind a listener to each address of the host. Raises OSError."""
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    with contextlib.ExitStack() as opened:
        bound: list[socket.socket] = []
        for family, _, _, _, address in dict.fromkeys(found):
            listener = opened.enter_context(Listener(family, gate, peers))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind(address)
            bound.append(listener)
        opened.pop_all()
    return bound


def shut_down(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it is closed, or its client has gone
        connection.shutdown(socket.SHUT_RDWR)
