"""Median time of a call: the processor time of all threads of this process, or wall time."""

import statistics
import time
from collections.abc import Callable

MIN_CALLS = 5


def median_time(
    call: Callable[[], object],
    seconds: float,
    *,
    min_calls: int = MIN_CALLS,
    clock: Callable[[], float] = time.process_time,
) -> float:
    """Return the median seconds of calls for `seconds`, at least `min_calls`, after one that warms up.

    Other programs hardly change the processor time, which is the default.
    """
    call()
    times: list[float] = []
    began = time.monotonic()
    while len(times) < min_calls or time.monotonic() - began < seconds:
        before = clock()
        call()
        times.append(clock() - before)
    return statistics.median(times)
