"""Finds the entries of the queue whose workers are gone, whatever the server's clock did.

Redis counts the deliveries of an entry, and each report of a worker is one: an entry whose count stays the
same for a lease, by the monotonic clock of the worker that watches it, has lost its worker.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ingest.bus.lease import has_ended

RELEASED = "released"  # the consumer of an entry that any worker may claim
SEPARATOR = "#"  # between a worker's process and its number in the name of its consumer


@dataclass(frozen=True, slots=True)
class PendingEntry:
    """An entry of the queue that a worker has claimed."""

    id: str
    consumer: str
    deliveries: int


class PendingEntries:
    """The entries that one worker has seen, and since when they have not changed."""

    def __init__(self, lease: float) -> None:
        """`lease`: seconds without a report."""
        self._lease = lease
        self._since: dict[PendingEntry, float] = {}  # seconds, monotonic

    def abandoned(self, entries: Iterable[PendingEntry], now: float) -> list[PendingEntry]:
        """Return those of all pending entries that may be claimed at `now` (seconds, monotonic)."""
        self._since = {entry: self._since.get(entry, now) for entry in entries}
        return [
            entry for entry, since in self._since.items() if now - since >= self._lease or _is_free(entry)
        ]


def _is_free(entry: PendingEntry) -> bool:
    return entry.consumer == RELEASED or has_ended(entry.consumer.partition(SEPARATOR)[0])
