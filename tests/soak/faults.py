"""Makes the faults of a plan, each in a thread of its own, and ends them in time."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from tests.processes import is_alive
from tests.soak.plan import LENGTHS, Fault, Kind
from tests.soak.world import World, resume

CLOCK_STEP = -600  # seconds
SPARE = 64 << 10  # bytes that a full disk has left at most
PID_TIMEOUT = 60.0  # seconds; a part may be starting


@dataclass(slots=True)
class Faults:
    """Faults at one service."""

    world: World
    rng: random.Random
    made: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)  # that could not be made
    _threads: list[threading.Thread] = field(default_factory=list)

    def run(self, plan: Sequence[Fault]) -> None:
        """Make the faults at their times, and wait until all have ended."""
        began = time.monotonic()
        for fault in plan:
            time.sleep(max(0.0, began + fault.at - time.monotonic()))
            print(f"{fault.at:6.0f} s  {fault}", file=sys.stderr, flush=True)
            thread = threading.Thread(target=self._make, args=(fault,))
            thread.start()
            self._threads.append(thread)
        for thread in self._threads:
            thread.join()

    def _make(self, fault: Fault) -> None:
        try:
            ACTIONS[fault.kind](self, fault)
            self.made.append(str(fault))
        except (OSError, AssertionError, subprocess.SubprocessError) as error:
            self.failed.append(f"{fault}: {error}")

    def pid_of(self, part: str) -> int:
        """Return a process of the part, at random; wait while it is starting."""
        deadline = time.monotonic() + PID_TIMEOUT
        while not (pids := self.world.pids().get(part)):
            assert time.monotonic() < deadline, f"no process of {part} within {PID_TIMEOUT:g} s"
            time.sleep(0.05)
        return self.rng.choice(pids)

    def kill(self, fault: Fault) -> None:
        os.kill(self.pid_of(fault.target), signal.SIGKILL)

    def stop(self, fault: Fault) -> None:
        """Stop the process; by the time it would go on, another one should have its place."""
        pid = self.pid_of(fault.target)
        os.kill(pid, signal.SIGSTOP)
        ends = time.monotonic() + LENGTHS[fault.kind]
        while is_alive(pid) and time.monotonic() < ends:
            time.sleep(0.2)
        resume(pid)

    def cut(self, fault: Fault) -> None:
        camera = self.rng.choice([each for each in self.world.cameras if each.process.poll() is None])
        camera.kill()
        time.sleep(LENGTHS[fault.kind])
        camera.start()

    def flood(self, fault: Fault) -> None:
        command = [sys.executable, "-m", "tests.acceptance.flood", str(self.world.service.port)]
        subprocess.run([*command, str(LENGTHS[fault.kind])], check=True)

    def fill(self, fault: Fault) -> None:
        filler = self.world.service.data / "filler"
        try:
            with suppress(OSError), filler.open("wb", buffering=0) as file:
                while file.write(bytes(SPARE)):
                    pass
            time.sleep(LENGTHS[fault.kind])
        finally:
            filler.unlink(missing_ok=True)

    def set_clock(self, fault: Fault) -> None:
        self.world.clock.write_text(f"{CLOCK_STEP:+d}\n")
        time.sleep(LENGTHS[fault.kind])
        self.world.clock.write_text("+0\n")


ACTIONS: dict[Kind, Callable[[Faults, Fault], None]] = {
    "kill": Faults.kill,
    "stop": Faults.stop,
    "pause": Faults.stop,
    "cut": Faults.cut,
    "flood": Faults.flood,
    "fill": Faults.fill,
    "clock": Faults.set_clock,
}
