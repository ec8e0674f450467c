"""Stopping tasks for certain."""

import asyncio
from typing import Any

AGAIN = 0.1  # seconds


async def stop(*tasks: asyncio.Task[Any]) -> None:
    """Cancels the tasks until they are done.

    Once is not enough: up to Python 3.11 a cancellation is lost when it meets the end of a wait_for,
    as redis-py uses it (python/cpython#86296).
    """
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=AGAIN)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # taken note of, so that nobody complains that it was not
