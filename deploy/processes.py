"""A supervised child process: forwards its output, restarts it after a failure, stops it within a timeout."""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from deploy.output import ChildOutput, print_line
from ingest.backoff import Backoff
from ingest.child_process import CHUNK, LineSplitter, ends_with_parent, exit_reason

CANNOT_WORK = 2  # exit code of a child that a restart would not help
NOT_STARTED = 126  # in place of the exit code of a command that cannot be run, as in a shell

STABLE_AFTER = 10.0  # seconds after which a start counts as a success
DRAIN_TIMEOUT = 1.0  # seconds to read the pipe of a dead child if another process has it open


@dataclass(frozen=True, slots=True)
class Command:
    """Command of a child process, and the name that its lines of output begin with."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    death_signal: signal.Signals = signal.SIGKILL  # from the kernel when the parent process ends
    descriptors: tuple[int, ...] = ()  # open files that it inherits
    once: bool = False  # a task that ends when it is done
    mend: Callable[[], str | None] | None = None  # called after it failed; returns what it did, if anything


class SupervisedProcess:
    """A command that runs, with restarts, from `start` until `stop`."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self._stopping = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[int] | None = None
        self._killed = False  # by `kill`
        self._output = ChildOutput(command.name)

    def start(self) -> asyncio.Task[int]:
        """Start the command; return the task that supervises it, whose result is the last exit code.

        Before `stop` the task ends only after the exit code CANNOT_WORK, or if the command runs once.
        """
        self._task = asyncio.create_task(self._supervise())
        return self._task

    async def stop(self, kill_after: float) -> None:
        """Terminate the child; after `kill_after` seconds kill it with all its children."""
        self._stopping.set()
        if self._task is None:
            return
        self._terminate()
        _, late = await asyncio.wait({self._task}, timeout=kill_after)
        if late and self._process is not None:
            print_line("serve", f"{self.command.name} did not stop within {kill_after:.1f} s and is killed")
            _kill_group(self._process.pid)
        await self._task

    @property
    def pid(self) -> int | None:
        """Process ID of the child; None while none runs."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if running and self._process is not None else None

    def kill(self, reason: str) -> None:
        """Kill the child with all its children, also if they are stopped; it is started again."""
        if (pid := self.pid) is not None and not self._stopping.is_set():
            self._killed = True
            print_line("serve", f"{self.command.name} {reason} and is killed")
            _kill_group(pid)

    async def _supervise(self) -> int:
        backoff = Backoff(first=0.2, longest=5.0, growth=2.0, reset_after=STABLE_AFTER)
        while True:
            started = time.monotonic()
            try:
                code = await self._run()
                end = exit_reason(code)
            except (OSError, subprocess.SubprocessError) as error:  # no memory, no such file
                code, end = NOT_STARTED, f"cannot be started: {error}"
            done = code == CANNOT_WORK or (self.command.once and code != NOT_STARTED and not self._killed)
            self._killed = False
            if self._stopping.is_set() or done:
                return code
            lasted = time.monotonic() - started
            delay = backoff.delay(lasted)
            self._output.print(f"{self.command.name} {end}; starting it again in {delay:g} s", "serve")
            self._output.failing = lasted < STABLE_AFTER
            await self._mend()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)
                return code

    async def _mend(self) -> None:
        if self.command.mend is not None and (done := await asyncio.to_thread(self.command.mend)):
            print_line("serve", f"{self.command.name}: {done}")

    async def _run(self) -> int:
        # Not a pipe of asyncio, for which the child runs until the child's own children have closed it.
        read_end, write_end = os.pipe()
        try:
            self._process = await self._spawn(write_end)
        except BaseException:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
        if self._stopping.is_set():
            self._terminate()
        lines = asyncio.create_task(self._forward(read_end))
        code = await self._process.wait()
        # A killed child leaves its own children behind.
        _kill_group(self._process.pid)
        await asyncio.wait({lines}, timeout=DRAIN_TIMEOUT)
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
            # Not the terminal's foreground group: Ctrl-C would end all children at once instead of in order.
            process_group=0,
            preexec_fn=ends_with_parent(self.command.death_signal),
        )

    async def _forward(self, output: int) -> None:
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(output, "rb")
        )
        with contextlib.closing(transport):
            splitter = LineSplitter()
            while chunk := await reader.read(CHUNK):
                self._print(splitter.add(chunk))
            self._print(splitter.end())

    def _print(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._output.print(line)

    def _terminate(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
