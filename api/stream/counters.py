"""Counters of this process's websockets, for /metrics."""

from bisect import bisect_left
from dataclasses import dataclass, field

DELAY_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1.0, 2.5, 5.0)  # seconds


class DelayHistogram:
    """Messages by the time that they took from the timeline to a websocket.

    prometheus_client's own Histogram takes one value at a time, which costs three times as much a message.
    """

    def __init__(self) -> None:
        self.counts = [0] * (len(DELAY_BOUNDS) + 1)  # of each bucket alone; the last is above all bounds
        self.total = 0.0  # seconds, summed over all messages

    def add(self, seconds: float, messages: int) -> None:
        """Count messages that were sent together; `seconds` is the oldest one's delay.

        It can be slightly negative, because Redis and this process may have different clocks.
        """
        self.counts[bisect_left(DELAY_BOUNDS, seconds)] += messages
        self.total += max(0.0, seconds) * messages


@dataclass(slots=True)
class StreamCounters:
    """Totals over all broadcasts of this process."""

    clients: int = 0
    delivered: int = 0
    missed: int = 0
    delays: DelayHistogram = field(default_factory=DelayHistogram)
