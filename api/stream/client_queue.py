"""Bounded queue of the messages for one client, which counts the discarded ones. Pure."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Delivery(Generic[Item]):
    """Everything that waited for a client."""

    missed: int  # items that were discarded since the previous delivery
    items: list[Item]  # in order
    heartbeat: bytes | None  # the newest, if there is one
    closed: bool  # no more deliveries follow


class ClientQueue(Generic[Item]):
    """Queue of one client. When it is full, all waiting items make room for the newest, and are counted."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._items: deque[Item] = deque()
        self._missed = 0
        self._heartbeat: bytes | None = None
        self._closed = False
        self._arrived = asyncio.Event()

    def put(self, item: Item) -> int:
        """Put an item. Return how many items were discarded for it."""
        discarded = 0
        if len(self._items) >= self._depth:
            discarded = len(self._items)
            self._missed += discarded
            self._items.clear()
        self._items.append(item)
        self._arrived.set()
        return discarded

    def put_heartbeat(self, heartbeat: bytes) -> None:
        self._heartbeat = heartbeat
        self._arrived.set()

    def close(self) -> None:
        self._closed = True
        self._arrived.set()

    async def take(self) -> Delivery[Item]:
        """Wait for items or a heartbeat, and take everything that waits."""
        await self._arrived.wait()
        self._arrived.clear()
        delivery = Delivery(self._missed, list(self._items), self._heartbeat, self._closed)
        self._missed, self._heartbeat = 0, None
        self._items.clear()
        return delivery
