"""Processor time of a call, of all threads of this process: other programs hardly change it."""

import statistics
import time
from collections.abc import Callable

MIN_CALLS = 5


def processor_ms(call: Callable[[], object], seconds: float) -> float:
    """Return the median milliseconds of calls for `seconds`, at least MIN_CALLS, after one that warms up."""
    call()
    times: list[float] = []
    began = time.monotonic()
    while len(times) < MIN_CALLS or time.monotonic() - began < seconds:
        before = time.process_time()
        call()
        times.append(1000 * (time.process_time() - before))
    return statistics.median(times)
