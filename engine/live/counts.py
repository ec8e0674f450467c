"""Counts readings, their latencies and lost frames of each source, for /metrics. Pure."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from engine.records import Coverage, Event, Reading

# Upper bounds in seconds of the time from a frame's capture to its reading; the last bucket has none.
LATENCIES = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0)

READINGS, MILLISECONDS = "readings", "milliseconds"  # their number, and the sum of their latencies
OVERTAKEN, LATE = "overtaken", "late"  # frames dropped before the engine took them, or too old when it did


def bucket(number: int) -> str:
    """Return the name of the bucket up to LATENCIES[number], or of the last one."""
    return f"latency:{LATENCIES[number] if number < len(LATENCIES) else 'inf'}"


class Counts:
    """Counters of each source since they were last taken."""

    def __init__(self) -> None:
        self._counted: dict[str, Counter[str]] = defaultdict(Counter)
        self._late: Counter[str] = Counter()  # skipped frames, by source, that no coverage has reported yet

    def skip(self, source: str, frames: int) -> None:
        """Count frames that were too old to be read."""
        self._late[source] += frames

    def add(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, Reading):
                self._read(event)
            elif isinstance(event, Coverage) and event.kind == "dropped":
                self._lose(event)

    def take(self) -> Mapping[str, Mapping[str, int]]:
        """Return the counters by source, and start new ones."""
        counted, self._counted = self._counted, defaultdict(Counter)
        return counted

    def _read(self, reading: Reading) -> None:
        counter = self._counted[reading.source]
        counter[READINGS] += 1
        if reading.captured_at is not None and reading.result_at is not None:
            latency = max(0.0, (reading.result_at - reading.captured_at).total_seconds())
            counter[bucket(bisect_left(LATENCIES, latency))] += 1
            counter[MILLISECONDS] += round(1000 * latency)

    def _lose(self, segment: Coverage) -> None:
        """Count the lost frames of a segment; those that the engine skipped are among them."""
        late = min(segment.frames, self._late[segment.source])
        self._late[segment.source] -= late
        counter = self._counted[segment.source]
        counter[LATE] += late
        counter[OVERTAKEN] += segment.frames - late
