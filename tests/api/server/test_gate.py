"""The gate: which connections stay."""

from api.server.gate import HEAD_TIMEOUT, Gate, Peer


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def entered(gate: Gate, address: str) -> Peer:
    """Enter a connection for which no other has to be closed."""
    peer, surplus = gate.enter(address, lambda: None)
    assert surplus is None
    return peer


def test_the_oldest_anonymous_connection_of_an_address_gives_way_to_its_newest() -> None:
    gate = Gate(limit=100, per_address=2)
    other, first, _ = (entered(gate, address) for address in ("b", "a", "a"))
    assert gate.enter("a", lambda: None)[1] is first
    assert (len(gate), gate.oldest()) == (3, other)


def test_authorized_connections_are_neither_counted_for_their_address_nor_closed() -> None:
    gate = Gate(limit=3, per_address=1)
    for _ in range(2):
        entered(gate, "a").authorize()
    anonymous = entered(gate, "b")
    newest, surplus = gate.enter("a", lambda: None)
    assert surplus is anonymous
    newest.authorize()
    refused, surplus = gate.enter("a", lambda: None)
    assert surplus is refused
    assert len(gate) == 3


def test_a_connection_that_has_just_been_served_gives_way_last() -> None:
    gate = Gate(limit=2, per_address=2)
    prober, idle = entered(gate, "a"), entered(gate, "a")
    prober.serve()
    prober.wait()
    assert gate.enter("a", lambda: None)[1] is idle


def test_a_request_has_ten_seconds_that_begin_anew_with_each_request_only() -> None:
    clock = Clock()
    gate = Gate(limit=9, per_address=9, clock=clock)
    slow, busy, renewed = (entered(gate, "a") for _ in range(3))
    busy.serve()
    clock.now = HEAD_TIMEOUT - 1
    slow.wait()  # more of the same head arrived
    renewed.serve()
    renewed.wait()
    assert gate.overdue() == []
    clock.now = HEAD_TIMEOUT
    assert gate.overdue() == [slow]
    slow.leave()
    clock.now = 3 * HEAD_TIMEOUT
    assert gate.overdue() == [renewed]


def test_a_connection_leaves_once() -> None:
    gate = Gate(limit=9, per_address=9)
    peer = entered(gate, "a")
    for _ in range(2):
        peer.leave()
    peer.wait()
    assert (len(gate), gate.oldest(), gate.overdue()) == (0, None, [])
