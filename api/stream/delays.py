"""How long messages took from the timeline to a websocket, in buckets."""

from bisect import bisect_left

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1.0, 2.5, 5.0)  # seconds


class Delays:
    """Counts messages by how long they took."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)  # below each bound, and above all
        self.total = 0.0  # seconds of all messages

    def add(self, seconds: float, messages: int) -> None:
        """Messages that went out together, of which the oldest took so long; clocks may differ a little."""
        self.counts[bisect_left(BOUNDS, seconds)] += messages
        self.total += max(0.0, seconds) * messages
