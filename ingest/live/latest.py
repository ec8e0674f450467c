"""Hands items from a decoding thread to a sending thread: the latest item wins, replaced ones are counted."""

import threading
from typing import Generic, TypeVar

Item = TypeVar("Item")


class LatestSlot(Generic[Item]):
    """A queue of length one. `put` never waits: it replaces an item that was not taken in time."""

    def __init__(self) -> None:
        self.dropped = 0
        self._item: Item | None = None
        self._closed = False
        self._error: Exception | None = None
        self._changed = threading.Condition()

    def put(self, item: Item) -> None:
        """Replace the item. Raise the error of a consumer that failed."""
        with self._changed:
            if self._error is not None:
                raise self._error
            self.dropped += self._item is not None
            self._item = item
            self._changed.notify()

    def take(self, timeout: float) -> Item | None:
        """Return the latest item; None if none comes within `timeout` seconds or the slot is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._closed, timeout)
            item, self._item = self._item, None
            return item

    def fail(self, error: Exception) -> None:
        """Tell the producer that nobody takes items any more."""
        with self._changed:
            self._error = error

    def close(self) -> None:
        """End the input; an item in the slot can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    @property
    def ended(self) -> bool:
        """True when the slot is closed and empty."""
        with self._changed:
            return self._closed and self._item is None
