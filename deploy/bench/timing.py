"""Processor time of a call: the median of several calls, after one that warms up.

It is that of all threads of this process, which other programs hardly change.
"""

import statistics
import time
from collections.abc import Callable

MIN_CALLS = 5


def processor_ms(call: Callable[[], object], seconds: float) -> float:
    """Return the milliseconds of processor time of a call.

    Repeat it for `seconds`, at least MIN_CALLS times.
    """
    call()
    times: list[float] = []
    began = time.monotonic()
    while len(times) < MIN_CALLS or time.monotonic() - began < seconds:
        before = time.process_time()
        call()
        times.append(1000 * (time.process_time() - before))
    return statistics.median(times)
