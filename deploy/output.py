"""The lines of child processes on stderr; those that a crash loop repeats are printed once a minute."""

import sys
import time
from collections.abc import Callable

INTERVAL = 60.0  # seconds
MAX_LINES = 1000  # that are remembered, the newest


def print_line(name: str, text: str) -> None:
    """Print a line to stderr, with the name of the process that it comes from."""
    print(f"{name:<6} | {text}", file=sys.stderr, flush=True)


class ChildOutput:
    """The lines of one child, and about it. While it is `failing`, equal ones are left out and counted."""

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.failing = False  # it ends soon after each start
        self._name = name
        self._clock = clock
        self._printed_at: dict[tuple[str, str], float] = {}  # seconds, by origin and text
        self._left_out = 0

    def print(self, text: str, origin: str | None = None) -> None:
        """Print a line of the child, or of another `origin`."""
        line, now = (origin or self._name, text), self._clock()
        if self.failing and now - self._printed_at.get(line, -INTERVAL) < INTERVAL:
            self._left_out += 1
            return
        if self._left_out:
            print_line("serve", f"{self._left_out} repeated lines of {self._name} were left out")
            self._left_out = 0
        self._printed_at.pop(line, None)
        self._printed_at[line] = now
        if len(self._printed_at) > MAX_LINES:
            del self._printed_at[next(iter(self._printed_at))]
        print_line(*line)
