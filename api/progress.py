"""How far a recording is: a bar on a terminal, a plain line now and then elsewhere."""

import os
import sys
import time

from tqdm import tqdm

BETWEEN_LINES = 5.0  # seconds
USUAL_COLUMNS = 80
NANOSECONDS = 1_000_000_000


class Progress:
    """Tells on standard error where in a recording the work is, how fast, and how long it will take."""

    def __init__(self, name: str, duration: int, *, live: bool | None = None) -> None:
        """`duration` in ns, 0 when unknown; `live` draws a bar, and is found out when None."""
        self._name = name
        self._duration = duration / NANOSECONDS
        self._started = self._told = time.monotonic()
        live = sys.stderr.isatty() if live is None else live
        self._bar = self._new_bar() if live else None

    def _new_bar(self) -> "tqdm[None]":
        return tqdm(
            total=self._duration or None,
            desc=self._name,
            bar_format="{desc} {percentage:3.0f} % |{bar}|{postfix}, {remaining} left",
            leave=False,
            file=sys.stderr,
            ncols=_columns(),
            nrows=20,  # one bar needs one row, whatever the terminal says of itself
        )

    def at(self, position: int) -> None:
        """The work has come to `position` (ns of media time)."""
        now = time.monotonic()
        done = position / NANOSECONDS
        speed = done / max(now - self._started, 1e-6)
        if self._bar is not None:
            self._bar.set_postfix_str(f"{speed:.1f}x real time", refresh=False)
            self._bar.update(max(0.0, done - self._bar.n))
        elif now - self._told >= BETWEEN_LINES:
            self._told = now
            print(f"{self._name}: {self._line(done, speed)}", file=sys.stderr, flush=True)

    def _line(self, done: float, speed: float) -> str:
        if not self._duration or not speed:
            return f"{done:.0f} s read, {speed:.1f}x real time"
        left = max(0.0, self._duration - done) / speed
        return f"{min(1.0, done / self._duration):.0%}, {speed:.1f}x real time, {left:.0f} s left"

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def _columns() -> int:
    """The terminal's width; some, as Docker's without a size, call themselves 0 wide."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or USUAL_COLUMNS
    except OSError:
        return USUAL_COLUMNS
