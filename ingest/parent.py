"""A child process that goes when its parent goes, however the parent ended."""

import ctypes
import os
import signal
from collections.abc import Callable

PR_SET_PDEATHSIG = 1  # prctl(2)

LIBC = ctypes.CDLL(None, use_errno=True)


def ends_with_parent(death_signal: signal.Signals = signal.SIGTERM) -> Callable[[], None]:
    """Gives the `preexec_fn` for a child that gets `death_signal` when the thread that starts it ends.

    So children are started from a thread that lives as long as they shall, best the main one.
    """
    parent = os.getpid()

    def prepare() -> None:
        if LIBC.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
        if os.getppid() != parent:  # it ended before the kernel was asked
            os._exit(1)

    return prepare
