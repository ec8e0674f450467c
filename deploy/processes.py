"""One supervised child process: its lines are passed on, started again when it dies, stopped in time."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.backoff import Backoff
from ingest.child_process import CHUNK, LineSplitter, ends_with_parent, exit_reason

CANNOT_WORK = 2  # a child that ends with this exit code says that starting it again would not help
NOT_STARTED = 126  # stands for the exit code of one that could not be run, as in a shell

LAST_WORDS = 1.0  # seconds that a dead child's pipe is still read if somebody else holds it


@dataclass(frozen=True, slots=True)
class Command:
    """What is run as a child, under the name that its lines bear."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    # What the kernel sends the child when its parent is gone, however that died.
    death_signal: signal.Signals = signal.SIGKILL
    descriptors: tuple[int, ...] = ()  # open files that it inherits
    once: bool = False  # it ends when its work is done


def say(name: str, text: str) -> None:
    """Writes one line to stderr, under the name of the process that it comes from."""
    print(f"{name:<6} | {text}", file=sys.stderr, flush=True)


class Child:
    """A command that is kept running from `start` until `stop`."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self._stopping = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._kept: asyncio.Task[int] | None = None

    def start(self) -> asyncio.Task[int]:
        """Begins to keep the command running; returns the task that does, whose result is the last exit code.

        Before `stop` it ends only when the child says CANNOT_WORK, or when it is to run once.
        """
        self._kept = asyncio.create_task(self._keep())
        return self._kept

    async def stop(self, patience: float) -> None:
        """Asks the child to end, and kills it with all that it started after `patience` seconds."""
        self._stopping.set()
        if self._kept is None:
            return
        self._ask_to_end()
        _, late = await asyncio.wait({self._kept}, timeout=patience)
        if late and self._process is not None:
            say("serve", f"{self.command.name} did not stop within {patience:.1f} s and is killed")
            _kill_group(self._process.pid)
        await self._kept

    async def _keep(self) -> int:
        backoff = Backoff(first=0.2, longest=5.0, growth=2.0, reset_after=10.0)
        while True:
            started = time.monotonic()
            try:
                code = await self._run()
                end = exit_reason(code)
            except (OSError, subprocess.SubprocessError) as error:  # no memory, no more processes, no file
                code, end = NOT_STARTED, f"cannot be started: {error}"
            done = code == CANNOT_WORK or (self.command.once and code != NOT_STARTED)
            if self._stopping.is_set() or done:
                return code
            delay = backoff.delay(time.monotonic() - started)
            say("serve", f"{self.command.name} {end}; starting it again in {delay:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)
                return code

    async def _run(self) -> int:
        # A pipe of our own: asyncio takes a child with one of its pipes for running until all of the child's
        # own children have closed it.
        ours, theirs = os.pipe()
        try:
            self._process = await self._spawn(theirs)
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        if self._stopping.is_set():
            self._ask_to_end()
        lines = asyncio.create_task(self._pass_on(ours))
        code = await self._process.wait()
        # A child that was killed leaves its own children behind.
        _kill_group(self._process.pid)
        await asyncio.wait({lines}, timeout=LAST_WORDS)
        lines.cancel()
        return code

    async def _spawn(self, output: int) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self.command.arguments,
            env=self.command.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=self.command.descriptors,
            # Ctrl-C reaches the terminal's foreground group: the children are to be stopped in order instead.
            process_group=0,
            preexec_fn=ends_with_parent(self.command.death_signal),
        )

    async def _pass_on(self, output: int) -> None:
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(output, "rb")
        )
        with contextlib.closing(transport):
            splitter = LineSplitter()
            while chunk := await reader.read(CHUNK):
                self._say_all(splitter.add(chunk))
            self._say_all(splitter.end())

    def _say_all(self, lines: Sequence[str]) -> None:
        for line in lines:
            say(self.command.name, line)

    def _ask_to_end(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
