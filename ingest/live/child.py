"""One decode child as the keeper sees it: a process, what it said last, and when."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

from ingest.live.process import decode
from ingest.parent import ends_with_parent

READ_AT_ONCE = 64 * 1024  # bytes

# A fork has all libraries loaded already: a camera that is back is taken up in milliseconds, and many
# cameras share the memory. The keeper runs no threads that could hold a lock at that moment.
FORK = multiprocessing.get_context("fork")

STOPS = {signal.SIGTERM, signal.SIGINT}


@dataclass(frozen=True, slots=True)
class Word:
    """A line of a child: `live`, `beat`, `ended`, `lost` or `error`, with a reason or without."""

    word: str
    reason: str


class Child:
    """A running decoder; it goes when the thread that started it goes."""

    def __init__(self, source: str, now: float) -> None:
        """`now`: seconds of the keeper's clock."""
        self.heard_at = now
        self.live_at: float | None = None
        self._rest = b""
        self.output, writing = os.pipe()
        os.set_blocking(self.output, False)
        self._process = FORK.Process(target=_run, args=(source, writing, ends_with_parent()), daemon=True)
        # The keeper's own answer to a signal must not run in the child.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
            os.close(writing)

    def hear(self, now: float) -> list[Word]:
        """What the child has said since the last call; never waits."""
        try:
            heard = os.read(self.output, READ_AT_ONCE)
        except BlockingIOError:
            return []
        *lines, self._rest = (self._rest + heard).split(b"\n")
        words = [Word(*line.decode(errors="replace").partition(" ")[::2]) for line in lines]
        if words:
            self.heard_at = now
        if self.live_at is None and any(word.word == "live" for word in words):
            self.live_at = now
        return words

    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number where one ended it."""
        return self._process.exitcode

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    def close(self, wait: float) -> None:
        """Waits for the end of a child that was told to end; by force after `wait` seconds."""
        self._process.join(wait)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        os.close(self.output)


def _run(source: str, output: int, prepare: Callable[[], None]) -> None:
    for number in STOPS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    prepare()
    os.dup2(output, 1)
    raise SystemExit(decode(source))


def died_of(code: int) -> str:
    """In words why a child that gave no reason is gone."""
    if code < 0:
        return f"the decoder was ended by {signal.Signals(-code).name}"
    return f"the decoder ended with code {code}"
