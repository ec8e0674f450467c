"""Waits for a condition with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def until(condition: Callable[[], Result | None], seconds: float, event: str) -> Result:
    """Return the first true result of the condition; fail after `seconds`, naming the awaited event."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {event}"
        time.sleep(0.01)
    return result
