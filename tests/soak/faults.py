"""Makes the faults of a plan, and ends them in time. A fault waits by yielding seconds."""

import heapq
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from tests.soak.plan import LENGTHS, Fault, Kind
from tests.soak.world import World, resume

CLOCK_STEP = -600  # seconds
BLOCK = 64 << 10  # bytes that a full disk has left at most
POLL_INTERVAL = 0.2  # seconds

Steps = Iterator[float]  # seconds until the next step


@dataclass(slots=True)
class Faults:
    """Faults at one service. All are made in one thread, with which the processes that it starts end."""

    world: World
    rng: random.Random
    made: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)  # that could not be made

    def run(self, plan: Sequence[Fault], seconds: float) -> None:
        """Make the faults at their times, and return after `seconds`, when all have ended."""
        began = time.monotonic()
        waiting = [(began + fault.at, number, self._steps(fault)) for number, fault in enumerate(plan)]
        heapq.heapify(waiting)
        while waiting:
            at, number, steps = heapq.heappop(waiting)
            time.sleep(max(0.0, at - time.monotonic()))
            if (pause := next(steps, None)) is not None:
                heapq.heappush(waiting, (time.monotonic() + pause, number, steps))
        time.sleep(max(0.0, began + seconds - time.monotonic()))

    def _steps(self, fault: Fault) -> Steps:
        print(f"{fault.at:6.0f} s  {fault}", file=sys.stderr, flush=True)
        try:
            yield from ACTIONS[fault.kind](self, fault)
            self.made.append(str(fault))
        except (OSError, subprocess.SubprocessError) as error:
            self.failed.append(f"{fault}: {error}")

    def kill(self, fault: Fault) -> Steps:
        while not (pids := self.world.pids().get(fault.target)):
            yield POLL_INTERVAL  # it is starting
        os.kill(self.rng.choice(pids), signal.SIGKILL)

    def stop(self, fault: Fault) -> Steps:
        """Stop a process; by the time that it would go on, another one should have its place."""
        while not (pids := self.world.pids().get(fault.target)):
            yield POLL_INTERVAL
        pid = self.rng.choice(pids)
        os.kill(pid, signal.SIGSTOP)
        yield LENGTHS[fault.kind]
        resume(pid)

    def cut(self, fault: Fault) -> Steps:
        camera = self.rng.choice([each for each in self.world.cameras if each.process.poll() is None])
        camera.kill()
        yield LENGTHS[fault.kind]
        camera.start()

    def flood(self, fault: Fault) -> Steps:
        command = [sys.executable, "-m", "tests.acceptance.flood", str(self.world.service.port)]
        process = subprocess.Popen([*command, str(LENGTHS[fault.kind])])
        while process.poll() is None:
            yield POLL_INTERVAL

    def fill(self, fault: Fault) -> Steps:
        filler = self.world.service.data / "filler"
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(bytes(BLOCK)):
                pass
        yield LENGTHS[fault.kind]
        filler.unlink()

    def set_clock(self, fault: Fault) -> Steps:
        self.world.clock.write_text(f"{CLOCK_STEP:+d}\n")
        yield LENGTHS[fault.kind]
        self.world.clock.write_text("+0\n")


ACTIONS: dict[Kind, Callable[[Faults, Fault], Steps]] = {
    "kill": Faults.kill,
    "stop": Faults.stop,
    "pause": Faults.stop,
    "cut": Faults.cut,
    "flood": Faults.flood,
    "fill": Faults.fill,
    "clock": Faults.set_clock,
}
