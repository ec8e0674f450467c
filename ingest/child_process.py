"""Child processes: they end with their parent, report in lines over a pipe, and exit for a reason."""

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable
from typing import Any

PR_SET_PDEATHSIG = 1  # prctl(2)
CHUNK = 64 * 1024  # bytes
MAX_LINE = 64 * 1024  # bytes; a longer line is cut

LIBC = ctypes.CDLL(None, use_errno=True)


def ends_with_parent(death_signal: signal.Signals = signal.SIGTERM) -> Callable[[], None]:
    """Return the `preexec_fn` of a child that gets `death_signal` when the thread that starts it ends.

    So start children from a thread that lives as long as they do, preferably the main thread.
    """
    parent = os.getpid()

    def prepare() -> None:
        if LIBC.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
        if os.getppid() != parent:  # the parent ended before this call
            os._exit(1)

    return prepare


def terminate(process: "subprocess.Popen[Any]", timeout: float) -> None:
    """Terminate a child process and wait for its end; kill it after `timeout` seconds."""
    process.terminate()
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class LineSplitter:
    """Cuts the chunks of a stream into lines."""

    def __init__(self) -> None:
        self._rest = b""

    def add(self, chunk: bytes) -> list[str]:
        """Return the lines that `chunk` completes, without line ends."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > MAX_LINE:
            lines, self._rest = [*lines, self._rest], b""
        return [line.decode(errors="replace") for line in lines]

    def end(self) -> list[str]:
        """Return the last line if it has no line end."""
        rest, self._rest = self._rest, b""
        return [rest.decode(errors="replace")] if rest else []


class LinePipe:
    """A pipe from a child process, read line by line without waiting."""

    def __init__(self) -> None:
        self.output, self.input = os.pipe()  # ours, and the child's until `close_input`
        os.set_blocking(self.output, False)
        self._lines = LineSplitter()

    def close_input(self) -> None:
        """Close our copy of the child's end, after the start of the child."""
        os.close(self.input)

    def read(self) -> list[str]:
        """Return the lines that have come since the last call."""
        try:
            return self._lines.add(os.read(self.output, CHUNK))
        except BlockingIOError:
            return []

    def close(self) -> None:
        os.close(self.output)


def exit_reason(code: int) -> str:
    """Describe an exit code, negative for a signal: `ended with exit code 1`, `was killed by SIGKILL`."""
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
