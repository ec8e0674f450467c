"""Limits of connections: their number, and the time that each may take to send the head of a request.

    accepted ──▶ Gate.enter ──▶ Peer: waiting for a request ⇄ serving it ──▶ leave

A connection is anonymous until a request on it was authorized. Anonymous ones are limited for each address,
and where there are too many, the one whose state is the oldest is closed for the newest: a client that holds
connections open without using them takes the place of no other. Authorized ones are never closed for others.
"""

import time
from collections import Counter
from collections.abc import Callable

HEAD_TIMEOUT = 10.0  # seconds from the begin of a connection, or the last response, to a whole head


class Peer:
    """One connection, as the gate sees it."""

    def __init__(self, gate: "Gate", address: str, close: Callable[[], None]) -> None:
        self.address = address
        self.close = close
        self._gate = gate

    def wait(self) -> None:
        """Start the time for the next request, unless it is running."""
        self._gate.wait(self)

    def serve(self) -> None:
        """Stop that time: a request is being served."""
        self._gate.serve(self)

    def authorize(self) -> None:
        """Exempt the connection from the limit of its address, and from being closed for others."""
        self._gate.authorize(self)

    def leave(self) -> None:
        self._gate.leave(self)


class Gate:
    """Decides which connections stay. It does no I/O: a peer's `close` does."""

    def __init__(self, limit: int, per_address: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`limit` of all connections, `per_address` of anonymous ones from one address."""
        self._limit = limit
        self._per_address = per_address
        self._clock = clock
        self._peers: set[Peer] = set()
        self._anonymous: dict[Peer, None] = {}  # the one whose state is the oldest first
        self._counts: Counter[str] = Counter()  # anonymous peers of an address
        self._deadlines: dict[Peer, float] = {}  # of peers that wait for a request
        self.displaced = 0  # connections that were closed for others, or refused

    def __len__(self) -> int:
        return len(self._peers)

    def enter(self, address: str, close: Callable[[], None]) -> tuple[Peer, Peer | None]:
        """Admit a connection. Return it, and the one to close for it: itself if all others are authorized."""
        peer = Peer(self, address, close)
        surplus = self._surplus(address)
        if surplus is None and len(self._peers) >= self._limit:
            self.displaced += 1
            return peer, peer
        if surplus is not None:
            self.displace(surplus)
        self._peers.add(peer)
        self._anonymous[peer] = None
        self._counts[address] += 1
        self.wait(peer)
        return peer, surplus

    def oldest(self) -> Peer | None:
        """Return the anonymous connection that gives way first."""
        return next(iter(self._anonymous), None)

    def overdue(self) -> list[Peer]:
        """Return the connections whose time for a request is over."""
        now = self._clock()
        return [peer for peer, deadline in self._deadlines.items() if deadline <= now]

    def wait(self, peer: Peer) -> None:
        if peer in self._peers and peer not in self._deadlines:
            self._deadlines[peer] = self._clock() + HEAD_TIMEOUT
            self._renew(peer)

    def serve(self, peer: Peer) -> None:
        if self._deadlines.pop(peer, None) is not None:
            self._renew(peer)

    def authorize(self, peer: Peer) -> None:
        if peer in self._anonymous:
            del self._anonymous[peer]
            self._uncount(peer.address)

    def displace(self, peer: Peer) -> None:
        """Count a connection out that is closed for another."""
        self.displaced += 1
        self.leave(peer)

    def leave(self, peer: Peer) -> None:
        self.authorize(peer)
        self._peers.discard(peer)
        self._deadlines.pop(peer, None)

    def _surplus(self, address: str) -> Peer | None:
        if self._counts[address] >= self._per_address:
            return next(peer for peer in self._anonymous if peer.address == address)
        return self.oldest() if len(self._peers) >= self._limit else None

    def _renew(self, peer: Peer) -> None:
        if peer in self._anonymous:
            self._anonymous[peer] = self._anonymous.pop(peer)

    def _uncount(self, address: str) -> None:
        self._counts[address] -= 1
        if not self._counts[address]:
            del self._counts[address]
