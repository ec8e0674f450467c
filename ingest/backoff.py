"""Backoff: growing delays between the attempts to start something again. Pure."""


class Backoff:
    """Delays that grow from `first` to `longest` until an attempt has lasted for a while."""

    def __init__(self, *, first: float, longest: float, growth: float, reset_after: float) -> None:
        """`first`, `longest`, `reset_after`: seconds; an attempt that lasts for `reset_after` succeeded."""
        self._first = first
        self._longest = longest
        self._growth = growth
        self._reset_after = reset_after
        self._next = first

    def delay(self, lasted: float) -> float:
        """Return the seconds to wait after an attempt that lasted for `lasted` seconds."""
        if lasted >= self._reset_after:
            self._next = self._first
        delay, self._next = self._next, min(self._next * self._growth, self._longest)
        return delay
