"""Progress on standard error: a bar on a terminal, elsewhere a line every few seconds."""

import os
import sys
import time
from collections.abc import Callable

from tqdm import tqdm

LINE_INTERVAL = 5.0  # seconds
DEFAULT_COLUMNS = 80


class Progress:
    """Shows the share that is done, the speed, and the time left."""

    def __init__(
        self,
        name: str,
        total: float,
        unit: str,
        *,
        bar: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`total`: 0 where unknown; `unit` follows the speed; `bar`: None for a bar on terminals only."""
        self._clock = clock
        self._name = name
        self._total = total
        self._unit = unit
        self._started = self._printed_at = clock()
        bar = sys.stderr.isatty() if bar is None else bar
        self._bar = self._new_bar() if bar else None

    def _new_bar(self) -> "tqdm[None]":
        return tqdm(
            total=self._total or None,
            desc=self._name,
            bar_format="{desc} {percentage:3.0f} % |{bar}|{postfix}, {remaining} left",
            leave=False,
            file=sys.stderr,
            ncols=_columns(),
            nrows=20,  # one bar needs one row, whatever size the terminal reports
        )

    def advance(self, done: float) -> None:
        """Show that `done` of the total is done."""
        now = self._clock()
        speed = done / max(now - self._started, 1e-6)
        if self._bar is not None:
            self._bar.set_postfix_str(f"{speed:.1f}{self._unit}", refresh=False)
            self._bar.update(max(0.0, done - self._bar.n))
        elif now - self._printed_at >= LINE_INTERVAL:
            self._printed_at = now
            print(f"{self._name}: {self._line(done, speed)}", file=sys.stderr, flush=True)

    def _line(self, done: float, speed: float) -> str:
        if not self._total or not speed:
            return f"{done:.0f} done, {speed:.1f}{self._unit}"
        left = max(0.0, self._total - done) / speed
        return f"{min(1.0, done / self._total):.0%}, {speed:.1f}{self._unit}, {left:.0f} s left"

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def _columns() -> int:
    """The width of the terminal; some report 0, such as Docker's without a size."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or DEFAULT_COLUMNS
    except OSError:
        return DEFAULT_COLUMNS
