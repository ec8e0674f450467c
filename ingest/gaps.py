"""Tells a time without a picture from the usual time between two, live and in recordings. Pure."""

from collections import deque
from collections.abc import Iterable
from statistics import median_low

from ingest.pace import SECOND

MIN_GAP = 2 * SECOND  # ns; what is longer, and longer than GAP_INTERVALS, has no picture
GAP_INTERVALS = 3  # usual intervals: a time lapse with a picture every five seconds is whole
REMEMBERED = 5  # intervals; half of them may be unusual


def is_gap(elapsed: int, interval: int) -> bool:
    """Return whether a source had no picture for `elapsed` ns; `interval`: its usual one (ns)."""
    return elapsed > max(MIN_GAP, GAP_INTERVALS * interval)


class UsualInterval:
    """The median of the last intervals between pictures."""

    def __init__(self, assumed: int) -> None:
        """`assumed`: ns, until there are intervals."""
        self._assumed = assumed
        self._last: deque[int] = deque(maxlen=REMEMBERED)

    @property
    def value(self) -> int:
        return median_low(self._last) if self._last else self._assumed

    def ends_with_gap(self, elapsed: int) -> bool:
        """Add the newest interval; return whether it is a gap, which the first of all never is."""
        found = bool(self._last) and is_gap(elapsed, self.value)
        self._last.append(elapsed)
        return found

    def restore(self, state: Iterable[int]) -> None:
        """Continue with the result of `state`."""
        self._last = deque(state, REMEMBERED)

    def state(self) -> list[int]:
        return list(self._last)
