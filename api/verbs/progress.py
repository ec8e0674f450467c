"""Progress of the work: a bar on a terminal, a plain line now and then elsewhere."""

import os
import sys
import time
from collections.abc import Callable

from tqdm import tqdm

BETWEEN_LINES = 5.0  # seconds
USUAL_COLUMNS = 80


class Progress:
    """Tells on standard error how much is done, how fast, and how long the rest will take."""

    def __init__(
        self,
        name: str,
        total: float,
        pace: str,
        *,
        live: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`total` is 0 when unknown; `pace` says what one a second is; `live` None: a bar on terminals."""
        self._clock = clock
        self._name = name
        self._total = total
        self._pace = pace
        self._started = self._told = clock()
        live = sys.stderr.isatty() if live is None else live
        self._bar = self._new_bar() if live else None

    def _new_bar(self) -> "tqdm[None]":
        return tqdm(
            total=self._total or None,
            desc=self._name,
            bar_format="{desc} {percentage:3.0f} % |{bar}|{postfix}, {remaining} left",
            leave=False,
            file=sys.stderr,
            ncols=_columns(),
            nrows=20,  # one bar needs one row, whatever the terminal says of itself
        )

    def at(self, done: float) -> None:
        """So much of the total is done."""
        now = self._clock()
        speed = done / max(now - self._started, 1e-6)
        if self._bar is not None:
            self._bar.set_postfix_str(f"{speed:.1f}{self._pace}", refresh=False)
            self._bar.update(max(0.0, done - self._bar.n))
        elif now - self._told >= BETWEEN_LINES:
            self._told = now
            print(f"{self._name}: {self._line(done, speed)}", file=sys.stderr, flush=True)

    def _line(self, done: float, speed: float) -> str:
        if not self._total or not speed:
            return f"{done:.0f} done, {speed:.1f}{self._pace}"
        left = max(0.0, self._total - done) / speed
        return f"{min(1.0, done / self._total):.0%}, {speed:.1f}{self._pace}, {left:.0f} s left"

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def _columns() -> int:
    """The terminal's width; some, as Docker's without a size, call themselves 0 wide."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or USUAL_COLUMNS
    except OSError:
        return USUAL_COLUMNS
