"""How long something computes: the median of several tries, after one that does not count.

Processor time, of all threads of this process: what else the machine does hardly changes it.
"""

import statistics
import time
from collections.abc import Callable

TRIES = 5  # at least


def computed_ms(call: Callable[[], object], seconds: float) -> float:
    """Milliseconds of processor time of a call, which is made at least TRIES times, for so many seconds."""
    call()
    took: list[float] = []
    began = time.monotonic()
    while len(took) < TRIES or time.monotonic() - began < seconds:
        before = time.process_time()
        call()
        took.append(1000 * (time.process_time() - before))
    return statistics.median(took)
