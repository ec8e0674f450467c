"""One run: clients and monitor around a service, its faults, and the rows at the end."""

import json
import os
import random
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.acceptance.check import Row
from tests.processes import is_alive
from tests.soak.clients import Exporter, Follower
from tests.soak.faults import Faults
from tests.soak.log import SourceLog
from tests.soak.monitor import Monitor
from tests.soak.plan import PARTS, Kind, plan
from tests.soak.verdict import judge_clients, judge_use, received
from tests.soak.world import CAMERAS, RETENTION, World
from tests.waiting import until

READERS = 2  # websocket clients, each of all cameras; the third client exports
MAX_AGE = RETENTION + 60.0  # seconds
BACK = 40.0  # seconds within which a stopped part must be back
LATEST = 120.0  # seconds that the service may take after the last fault
QUIET = 10.0  # seconds without cameras, after which the coverage is closed


@dataclass(slots=True)
class Run:
    """A service under faults."""

    world: World
    seed: int
    log: Path | None = None  # for the lines of the service
    _stop: threading.Event = field(default_factory=threading.Event)
    _readers: list[dict[str, Follower]] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _monitor: Monitor = field(init=False)
    _exporter: Exporter = field(init=False)

    def __post_init__(self) -> None:
        self._monitor = Monitor(self.world, self._stop, self.log)
        self._exporter = Exporter(self.world.address, CAMERAS, self._stop)

    def start(self) -> None:
        """Start the clients, and wait for a reading of each camera."""
        for _ in range(READERS):
            followers = {source: Follower(self.world.address, source, self._stop) for source in CAMERAS}
            self._readers.append(followers)
        targets = [self._monitor.run, self._exporter.run]
        self._threads = [threading.Thread(target=target, daemon=True) for target in targets]
        self._threads += [follower for reader in self._readers for follower in reader.values()]
        for thread in self._threads:
            thread.start()
        self._await_readings(time.monotonic(), "after the start")

    def faults(self, seconds: float, interval: float) -> Iterator[Row]:
        """Make the faults of the plan."""
        absent: list[Kind] = []
        if not self.world.has_small_disk:
            absent.append("fill")
            yield Row("faults: a full disk", "skipped: no small disk can be mounted", "", None)
        if not self.world.has_clock:
            absent.append("clock")
            yield Row("faults: a clock that is set", "skipped: libfaketime is not installed", "", None)
        planned = plan(self.seed, seconds, interval, absent)
        faults = Faults(self.world, random.Random(self.seed))
        faults.run(planned, seconds)
        figure = "; ".join([f"{len(faults.made)} of {len(planned)}", *faults.failed])
        yield Row("faults that were made", figure, "all", not faults.failed)

    def stop_each(self, times: int) -> Iterator[Row]:
        """Stop each part for good; measure the seconds until it is back by itself."""
        for part in PARTS:
            pauses = [self._stop_part(part) for _ in range(times)]
            figure = ", ".join(f"{pause:.0f}" for pause in pauses) + " s"
            yield Row(f"{part} stopped: back after", figure, f"<= {BACK:g} s", max(pauses) <= BACK)

    def finish(self) -> Iterator[Row]:
        """Let the service recover, end the cameras and the service, and judge."""
        yield self._judge_recovery()
        for camera in self.world.cameras:
            camera.kill()
        time.sleep(QUIET)
        with suppress(AssertionError):  # the row of differences says so
            until(self._are_equal, LATEST, "both clients have the last message")
        counters = self.world.dropped()
        self._stop.set()
        left, log_size = self.world.stop(), self.world.log_size()
        for thread in self._threads:
            thread.join()
        yield from judge_clients(self._logs(), counters)
        yield self._judge_exports()
        yield Row(
            "oldest entry",
            f"{self._monitor.oldest:.0f} s",
            f"<= {MAX_AGE:g} s",
            self._monitor.oldest <= MAX_AGE,
        )
        yield from judge_use(self._monitor.samples, log_size)
        first, last = self._monitor.files[0], self._monitor.files[-1]
        yield Row(
            "open files of the supervisor", f"{first} at first, {last} at last", "no more", last <= first
        )
        yield Row("left after the end", "; ".join(left) or "nothing", "nothing", not left)

    def _judge_recovery(self) -> Row:
        began = time.monotonic()
        try:
            self._await_readings(began, "after the last fault")
        except AssertionError as error:
            return Row("all cameras read after the last fault", str(error), f"<= {LATEST:g} s", False)
        took = time.monotonic() - began
        return Row("all cameras read after the last fault", f"{took:.1f} s", f"<= {LATEST:g} s", True)

    def _logs(self) -> list[dict[str, SourceLog]]:
        return [{source: each.log for source, each in reader.items()} for reader in self._readers]

    def _are_equal(self) -> bool:
        first, *others = self._logs()
        return all(log.cursor == other[source].cursor for other in others for source, log in first.items())

    def _await_readings(self, since: float, event: str) -> None:
        """Wait until each client has a new reading of each camera."""
        followers = [follower for reader in self._readers for follower in reader.values()]
        until(lambda: min(each.arrived_at for each in followers) > since, LATEST, f"a reading {event}")

    def _stop_part(self, part: str) -> float:
        """Stop a process of the part; return the seconds until another one does its work."""
        pid = self.world.pids()[part][0]
        os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        until(lambda: not is_alive(pid), LATEST, f"the end of the stopped {part}")
        self._await_readings(time.monotonic(), f"after {part} was stopped")
        until(self._is_ready, LATEST, f"the service is ready after {part} was stopped")
        return time.monotonic() - began

    def _is_ready(self) -> bool:
        """Return whether all parts of the service are ready, the job worker included."""
        try:
            with urllib.request.urlopen(f"{self.world.address}/readyz", timeout=5) as answer:
                parts = json.load(answer)["parts"]
        except (urllib.error.URLError, OSError):
            return False
        return all(part["ready"] for part in parts if part["name"] != "disk")

    def _judge_exports(self) -> Row:
        """Judge the files that ended: each has every message between its first and its last one, once."""
        wrong = sum(self._is_wrong(each.source, each.cursors) for each in self._exporter.files)
        figure = f"{wrong} of {len(self._exporter.files)} ({self._exporter.broken} broken off)"
        return Row("exports with a hole or a message twice", figure, "0", wrong == 0)

    def _is_wrong(self, source: str, cursors: list[tuple[int, int]]) -> bool:
        known = received(self._readers[0][source].log)
        return cursors != sorted(set(cursors)) or not _between(known, cursors) <= set(cursors)


def _between(known: set[tuple[int, int]], cursors: list[tuple[int, int]]) -> set[tuple[int, int]]:
    return {each for each in known if cursors and cursors[0] <= each <= cursors[-1]}
