"""Between a thread that decodes and one that sends: the newest frame wins, the rest is counted."""

import threading
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Newest(Generic[Item]):
    """Holds one item. Who puts never waits; what was not taken in time is replaced and counted."""

    def __init__(self) -> None:
        self.dropped = 0
        self._item: Item | None = None
        self._closed = False
        self._changed = threading.Condition()

    def put(self, item: Item) -> None:
        with self._changed:
            self.dropped += self._item is not None
            self._item = item
            self._changed.notify()

    def take(self, wait: float) -> Item | None:
        """The newest item not taken yet; None when none came within `wait` seconds, or none will."""
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._closed, wait)
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        """Nothing more is put; what is there can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    @property
    def ended(self) -> bool:
        """Nothing is there, and nothing will come."""
        with self._changed:
            return self._closed and self._item is None
