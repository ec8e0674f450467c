"""Background tasks: a crash is logged at once, and stopping is reliable."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

CANCEL_INTERVAL = 0.1  # seconds

logger = logging.getLogger(__name__)


def start(work: Coroutine[Any, Any, None], purpose: str) -> "asyncio.Task[None]":
    """Start a task that logs its own exception when it crashes."""
    task = asyncio.create_task(work, name=purpose)
    task.add_done_callback(_log_crash)
    return task


async def stop(*tasks: asyncio.Task[Any]) -> None:
    """Cancel the tasks, repeatedly, until they are done.

    Up to Python 3.11 a cancellation is lost when it coincides with the end of a wait_for, which redis-py uses
    (python/cpython#86296).
    """
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=CANCEL_INTERVAL)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # marks it as retrieved, else asyncio logs it once more


def _log_crash(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()):
        logger.error("%s crashed", task.get_name(), exc_info=error)
