"""How long to wait before a source is tried again: pure."""

FIRST, LONGEST = 0.5, 10.0  # seconds

# After an outage of 5 s the pause is still below 2 s, so that a camera is taken up soon after its return.
GROWTH = 1.3

# A connection that held for this long starts the pauses over.
GOOD = 5.0  # seconds


class Pauses:
    """Grows from FIRST to LONGEST for as long as no connection holds."""

    def __init__(self) -> None:
        self._next = FIRST

    def after(self, lived: float) -> float:
        """Seconds to wait, after a connection that gave pictures for `lived` seconds (0: it gave none)."""
        if lived >= GOOD:
            self._next = FIRST
        pause, self._next = self._next, min(self._next * GROWTH, LONGEST)
        return pause
