"""The log of a part of the service: a fault that repeats takes one line a minute.

A warning or error is a repetition if its logger, the template of its message, and the place of its exception
are the same; any other record, if its logger and its text are. The next line of that kind says how many were
left out.
"""

import atexit
import logging
import time
from collections.abc import Callable, Hashable
from typing import TextIO

INTERVAL = 60.0  # seconds
OWN = ("ingest", "engine", "api", "deploy", "__main__")  # loggers of our packages
MAX_KINDS = 1000  # of lines that are remembered; above that, the older half is forgotten


def set_up_log(form: str = "%(message)s") -> None:
    """Write the log of this process to stderr, from the level INFO on; `form` is that of logging.

    Libraries write from WARNING on: some name each address that they request, with the secrets in it.
    """
    logging.basicConfig(level=logging.WARNING, format=form)
    for name in OWN:
        logging.getLogger(name).setLevel(logging.INFO)
    for handler in logging.getLogger().handlers:
        repeats = RepeatFilter()
        handler.addFilter(repeats)
        if isinstance(handler, logging.StreamHandler):
            atexit.register(_say_rest, repeats, handler.stream)


class RepeatFilter(logging.Filter):
    """Leaves out repetitions within a minute, and counts them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._logged_at: dict[Hashable, float] = {}  # of each kind of line
        self._left_out: dict[Hashable, int] = {}

    @property
    def left_out(self) -> int:
        """Number of lines that were left out and not yet counted in another."""
        return sum(self._left_out.values())

    def filter(self, record: logging.LogRecord) -> bool:
        """Return False for a repetition. The next line of the kind is given their number."""
        kind, now = kind_of(record), self._clock()
        if now - self._logged_at.get(kind, -INTERVAL) < INTERVAL:
            self._left_out[kind] = self._left_out.get(kind, 0) + 1
            return False
        self._logged_at.pop(kind, None)
        self._logged_at[kind] = now
        if count := self._left_out.pop(kind, 0):
            record.msg, record.args = f"{record.getMessage()} ({count} more such lines were left out)", ()
        self._forget()
        return True

    def _forget(self) -> None:
        if len(self._logged_at) > MAX_KINDS:
            for kind in list(self._logged_at)[: MAX_KINDS // 2]:
                del self._logged_at[kind]


def kind_of(record: logging.LogRecord) -> Hashable:
    """Return what repetitions of a line have in common."""
    if record.levelno < logging.WARNING:
        return record.name, record.getMessage()
    # asyncio puts its objects, with their addresses, into the lines after the first.
    return record.name, str(record.msg).partition("\n")[0], _place(record)


def _place(record: logging.LogRecord) -> Hashable:
    """Return the type of the record's exception and the line that raised it; None without an exception."""
    if not record.exc_info or record.exc_info[0] is None:
        return None
    traceback = record.exc_info[2]
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    line = traceback and (traceback.tb_frame.f_code.co_filename, traceback.tb_lineno)
    return record.exc_info[0].__name__, line


def _say_rest(repeats: RepeatFilter, stream: TextIO) -> None:
    if count := repeats.left_out:
        print(f"{count} repeated lines were left out", file=stream)
