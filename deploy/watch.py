"""The watch over a supervised process: kills it when it hangs, so that it is started again."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from deploy.processes import SupervisedProcess
from ingest.bus.heartbeat import HEARTBEAT_TTL

SignOfLife = Callable[[], Awaitable[bool | None]]  # None while it cannot be known


@dataclass(frozen=True, slots=True)
class Patience:
    """Times, in seconds, of the watch over the processes."""

    silent: float = 30.0  # without a sign of life, after which a process is killed
    starting: float = 300.0  # the same before its first one: plans of a GPU may be loaded
    interval: float = 1.0  # between two checks
    first_interval: float = 0.25  # the same before the first sign of life, so that it is seen at once

    def after_expiry(self) -> "Patience":
        """Return the patience with a process whose last heartbeat has expired before its silence is seen."""
        return replace(self, silent=max(self.interval, self.silent - HEARTBEAT_TTL))

    def from_start(self) -> "Patience":
        """Return the patience with a process that answers at once, also while it starts."""
        return replace(self, starting=self.silent)


class Silence:
    """Silence of one process since its start or its last sign of life. Pure."""

    def __init__(self, patience: Patience, now: float) -> None:
        """`now`: seconds, monotonic."""
        self._patience = patience
        self._limit, self._interval = patience.starting, patience.first_interval
        self._checked_at = now
        self._silent = 0.0

    @property
    def interval(self) -> float:
        """Seconds until the next check."""
        return self._interval

    def is_hung(self, alive: bool | None, now: float) -> bool:
        """Add the result of a check, None if it is unknown; return whether the process hangs.

        At most two intervals are added: a supervisor that was stopped itself heard nothing meanwhile.
        """
        passed, self._checked_at = now - self._checked_at, now
        if alive:
            self._limit, self._interval = self._patience.silent, self._patience.interval
        self._silent = self._silent + min(passed, 2 * self._patience.interval) if alive is False else 0.0
        return self._silent >= self._limit


async def watch(
    child: SupervisedProcess,
    supervision: asyncio.Task[int],
    sign: SignOfLife,
    patience: Patience,
    forget: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Check for signs of life until the supervision ends, and kill the child after too long a silence.

    `forget`: makes the last sign of the process before the child no sign of the child.
    """
    pid, silence = child.pid, Silence(patience, time.monotonic())
    while not supervision.done():
        await asyncio.sleep(silence.interval)
        if child.pid != pid:  # started anew since the last check
            pid, silence = child.pid, Silence(patience, time.monotonic())
            if forget is not None:
                await forget()
        alive = await sign()
        if child.pid == pid and silence.is_hung(alive, time.monotonic()):
            child.kill("shows no sign of life")
            silence = Silence(patience, time.monotonic())
