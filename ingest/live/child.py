"""A decoder process as its supervisor sees it: started, polled, ended."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

from ingest.child_process import LinePipe, ends_with_parent
from ingest.live.process import decode

# A fork has all libraries loaded already: a camera that is back is read within milliseconds, and many
# cameras share the memory. The supervisor has no threads that could hold a lock at that moment.
FORK = multiprocessing.get_context("fork")

STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT}


@dataclass(frozen=True, slots=True)
class StatusLine:
    """A line of a decoder process: `live`, `alive`, `ended`, `lost` or `error`, and a reason or ""."""

    status: str
    reason: str


class DecoderProcess:
    """A running decoder of one source; it ends with the thread that started it."""

    def __init__(self, source: str, now: float) -> None:
        """`now`: seconds of the supervisor's clock."""
        self.reported_at = now
        self.live_at: float | None = None
        self._pipe = LinePipe()
        arguments = (source, self._pipe.input, ends_with_parent())
        self._process = FORK.Process(target=_run, args=arguments, daemon=True)
        # The supervisor's signal handlers must not run in the child.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
            self._pipe.close_input()

    @property
    def output(self) -> int:
        """The file descriptor that becomes readable when a line comes."""
        return self._pipe.output

    def poll(self, now: float) -> list[StatusLine]:
        """Return the lines that have come since the last call, without waiting."""
        lines = [StatusLine(*line.partition(" ")[::2]) for line in self._pipe.read()]
        if lines:
            self.reported_at = now
        if self.live_at is None and any(line.status == "live" for line in lines):
            self.live_at = now
        return lines

    def exit_code(self) -> int | None:
        """Return None while it runs; a negative number is the signal that ended it."""
        return self._process.exitcode

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    def close(self, timeout: float) -> None:
        """Wait for the end of a terminated process; kill it after `timeout` seconds."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        self._pipe.close()


def _run(source: str, output: int, prepare: Callable[[], None]) -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    prepare()
    os.dup2(output, 1)
    raise SystemExit(decode(source))
