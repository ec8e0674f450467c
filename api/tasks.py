"""Tasks that run beside the requests: none dies unheard, and each stops for certain."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

AGAIN = 0.1  # seconds

logger = logging.getLogger(__name__)


def start(work: Coroutine[Any, Any, None], purpose: str) -> "asyncio.Task[None]":
    """A task whose end by an exception is told in the log at once."""
    task = asyncio.create_task(work, name=purpose)
    task.add_done_callback(_tell_death)
    return task


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


def _tell_death(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()):
        logger.error("%s ended by a fault of ours", task.get_name(), exc_info=error)
