"""One attempt at a job: reports of the reading process go to Redis, pause and cancel come back."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from api.jobs.live_priority import LivePriority
from api.jobs.queue import ClaimedJob, Queue
from api.jobs.reader_process import ReaderProcess
from ingest.bus.connection import REDIS_ERRORS
from ingest.child_process import exit_reason

POLL_INTERVAL = 0.1  # seconds
REPORT_INTERVAL = 0.5  # seconds
READER_TIMEOUT = 60.0  # seconds without a report and without reading from the file

SLOWED_DOWN = "slowed down: live cameras come first (1 s in 10 is read)"
REPORTED = ("position", "faces", "readings", "duration")  # fields of a report that become the job's status

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of an attempt."""

    # The job's final state; or `lost`: another worker has the job, `stopped`: this worker stops, `died`: the
    # reader died and another attempt may succeed, `waiting`: the disk is full.
    state: str
    reason: str = ""


class Attempt:
    """Supervises the process that reads."""

    def __init__(
        self,
        claimed: ClaimedJob,
        reader: ReaderProcess,
        queue: Queue,
        live_priority: LivePriority,
        *,
        timeout: float = READER_TIMEOUT,
    ) -> None:
        self._claimed = claimed
        self._reader = reader
        self._queue = queue
        self._live_priority = live_priority
        self._timeout = timeout
        self._started: tuple[float, float] | None = None  # seconds of the clock, and of the recording
        self._paused_for = 0.0  # seconds
        self._reported_at = 0.0
        self._is_slowed_down = False
        self._redis_is_away = False
        self._is_cancelled = False
        self._outcome: Outcome | None = None
        self.changes: dict[str, Any] = {}  # of the job's status, not stored yet

    def run(self, stopping: Callable[[], bool]) -> Outcome:
        """Supervise until the attempt is over; the process may still run then."""
        while True:
            for report in self._reader.reports(POLL_INTERVAL):
                self._add(report)
            outcome = self._outcome or self._timed_out() or self._died()
            if outcome is not None:
                return outcome
            if stopping():
                return Outcome("stopped")
            if time.monotonic() - self._reported_at >= REPORT_INTERVAL:
                state = self._exchange()
                if state in ("lost", "queued"):
                    return Outcome("lost")
                if state == "aborted" and not self._is_cancelled:
                    self._is_cancelled = True
                    self._reader.cancel()

    def _add(self, report: dict[str, Any]) -> None:
        if "end" in report:
            self._outcome = Outcome(report["end"], report.get("reason", ""))
        if "certain" in report:
            self.changes["fruitless"] = 0
        self.changes |= {name: report[name] for name in REPORTED if name in report}
        if "position" in report:
            self._measure_speed(report["position"])

    def _measure_speed(self, position: float) -> None:
        now = time.monotonic()
        if self._started is None:
            self._started, self._paused_for = (now, position), 0.0
            return
        worked = now - self._started[0] - self._paused_for
        if worked > 1.0:
            self.changes["speed"] = round((position - self._started[1]) / worked, 2)

    def _exchange(self) -> str:
        """Report to Redis; return the job's state, `running` where Redis does not answer."""
        before, self._reported_at = self._reported_at, time.monotonic()
        try:
            if not self._is_cancelled:
                self._yield_to_live(self._reported_at - before)
            state = self._queue.report(self._claimed, self.changes)
        except REDIS_ERRORS as error:
            if not self._redis_is_away:  # one line for each outage
                log.warning("redis: %s; the job goes on", error)
            self._redis_is_away = True
            return "running"
        self._redis_is_away, self.changes = False, {}
        return state

    def _yield_to_live(self, elapsed: float) -> None:
        if self._reader.paused:
            self._paused_for += elapsed
        if self._live_priority.must_pause():
            self._reader.pause()
        else:
            self._reader.resume()
        if self._is_slowed_down != (overloaded := self._live_priority.is_overloaded()):
            self._is_slowed_down = overloaded
            self.changes["reason"] = SLOWED_DOWN if overloaded else ""

    def _timed_out(self) -> Outcome | None:
        """End a reader without progress, even a cancelled one, which may take long to write its results."""
        if self._reader.paused or self._reader.idle() <= self._timeout:
            return None
        state = "aborted" if self._is_cancelled else "error"
        return Outcome(state, f"the reader made no progress for {self._timeout:.0f} s and was ended")

    def _died(self) -> Outcome | None:
        code = self._reader.exit_code()
        if code is None:
            return None
        for report in self._reader.reports(0):  # the last ones
            self._add(report)
        return self._outcome or Outcome("died", f"the reader {exit_reason(code)}")
