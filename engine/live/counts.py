"""A source's frames in numbers, for /metrics: how late the readings were, and why frames were lost. Pure."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping

from engine.records import Coverage, Event, Reading

# Upper bounds in seconds of the time from a frame's capture to its reading; the last bucket has none.
LATENCIES = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0)

READINGS, MILLISECONDS = "readings", "milliseconds"  # how many, and the sum of their latencies
OVERTAKEN, LATE = "overtaken", "late"  # frames lost before the engine took them, or too old when it did


def bucket(number: int) -> str:
    """The name of the bucket below LATENCIES[number], or above all."""
    return f"latency:{LATENCIES[number] if number < len(LATENCIES) else 'inf'}"


class Counts:
    """Counts what the engine tells of its sources, from one look to the next."""

    def __init__(self) -> None:
        self._counted: dict[str, Counter[str]] = {}
        self._late: Counter[str] = Counter()  # frames by source whose loss the coverage has not told yet

    def skip(self, source: str, frames: int) -> None:
        """Takes note of frames that were too old to be read."""
        self._late[source] += frames

    def add(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, Reading):
                self._read(event)
            elif isinstance(event, Coverage) and event.kind == "dropped":
                self._lose(event)

    def take(self) -> Mapping[str, Mapping[str, int]]:
        """Return the counts since the last call, by source."""
        counted, self._counted = self._counted, {}
        return counted

    def _read(self, reading: Reading) -> None:
        counter = self._of(reading.source)
        counter[READINGS] += 1
        if reading.captured_at is not None and reading.result_at is not None:
            latency = max(0.0, (reading.result_at - reading.captured_at).total_seconds())
            counter[bucket(bisect_left(LATENCIES, latency))] += 1
            counter[MILLISECONDS] += round(1000 * latency)

    def _lose(self, stretch: Coverage) -> None:
        """The coverage knows how many are missing; what we skipped ourselves is among them."""
        late = min(stretch.frames, self._late[stretch.source])
        self._late[stretch.source] -= late
        counter = self._of(stretch.source)
        counter[LATE] += late
        counter[OVERTAKEN] += stretch.frames - late

    def _of(self, source: str) -> Counter[str]:
        return self._counted.setdefault(source, Counter())
