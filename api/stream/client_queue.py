"""What waits for one client: bounded, and honest about what did not fit. Pure."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Delivery(Generic[Item]):
    """All that waited for a client when it came to look."""

    missed: int  # items that were thrown away since the delivery before
    items: list[Item]  # in order
    heartbeat: bytes | None  # the newest, if one is due
    closed: bool  # nothing more will come


class ClientQueue(Generic[Item]):
    """One client's queue. When it is full, all that waits is thrown away, counted, and the newest goes in."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._items: deque[Item] = deque()
        self._missed = 0
        self._heartbeat: bytes | None = None
        self._closed = False
        self._arrived = asyncio.Event()

    def put(self, item: Item) -> int:
        """Returns how many items had to go for it."""
        lost = 0
        if len(self._items) >= self._depth:
            lost = len(self._items)
            self._missed += lost
            self._items.clear()
        self._items.append(item)
        self._arrived.set()
        return lost

    def beat(self, heartbeat: bytes) -> None:
        self._heartbeat = heartbeat
        self._arrived.set()

    def close(self) -> None:
        self._closed = True
        self._arrived.set()

    async def take(self) -> Delivery[Item]:
        """Waits until something is there and takes all of it."""
        await self._arrived.wait()
        self._arrived.clear()
        delivery = Delivery(self._missed, list(self._items), self._heartbeat, self._closed)
        self._missed, self._heartbeat = 0, None
        self._items.clear()
        return delivery
