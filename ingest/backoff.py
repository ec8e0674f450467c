"""Backoff: growing delays between the attempts to start something again. Pure."""

from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Backoff:
    """Delays that grow from `first` to `longest` until an attempt has lasted for `reset_after`."""

    first: float  # seconds
    longest: float  # seconds
    growth: float  # the factor from one delay to the next
    reset_after: float  # seconds
    _last: float = field(default=0.0, init=False)  # seconds

    def delay(self, lasted: float) -> float:
        """Return the seconds to wait after an attempt that lasted for `lasted` seconds."""
        last = 0.0 if lasted >= self.reset_after else self._last
        self._last = min(max(self.first, last * self.growth), self.longest)
        return self._last
