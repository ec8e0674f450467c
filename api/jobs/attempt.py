"""One attempt at a job: what the reading process says goes to Redis, what Redis says goes to the process."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from api.jobs.child import Child
from api.jobs.live_priority import LivePriority
from api.jobs.queue import ClaimedJob, Queue
from ingest.bus.connection import BUS_FAULTS
from ingest.live.child import died_of

HEARD_EVERY = 0.1  # seconds
BEAT = 0.5  # seconds between two words to Redis
SILENCE = 60.0  # seconds after which a reader that says nothing and reads nothing hangs

WAITS = "waits while live sources need the machine (read one second in ten)"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended."""

    state: str  # of the job; `lost`: it is another worker's, `stopped`: this worker stops, `died`: try again
    reason: str = ""


class Attempt:
    """Watches over the process that reads."""

    def __init__(self, claimed: ClaimedJob, child: Child, queue: Queue, live_priority: LivePriority) -> None:
        self._taken = claimed
        self._child = child
        self._queue = queue
        self._right_of_way = live_priority
        self._began: tuple[float, float] | None = None  # seconds of the clock, and of the recording
        self._waited = 0.0  # seconds
        self._beat_at = 0.0
        self._gives_way = False
        self._redis_is_away = False
        self._is_concluding = False
        self._ending: Outcome | None = None
        self.changes: dict[str, Any] = {}  # of the job's status, not told yet

    def run(self, stopping: Callable[[], bool]) -> Outcome:
        """Until it is over, one way or another. The process may still be there."""
        while True:
            for word in self._child.hear(HEARD_EVERY):
                self._hear(word)
            outcome = self._ending or self._silence() or self._death()
            if outcome is not None:
                return outcome
            if stopping():
                return Outcome("stopped")
            if time.monotonic() - self._beat_at >= BEAT:
                state = self._beat()
                if state in ("lost", "queued"):
                    return Outcome("lost")
                if state == "aborted" and not self._is_concluding:
                    self._is_concluding = True
                    self._child.conclude()

    def _hear(self, word: dict[str, Any]) -> None:
        if "end" in word:
            self._ending = Outcome(word["end"], word.get("reason", ""))
        if "certain" in word:
            self.changes["fruitless"] = 0
        known = ("position", "faces", "readings", "duration")
        self.changes |= {name: word[name] for name in known if name in word}
        if "position" in word:
            self._measure(word["position"])

    def _measure(self, position: float) -> None:
        now = time.monotonic()
        if self._began is None:
            self._began, self._waited = (now, position), 0.0
            return
        worked = now - self._began[0] - self._waited
        if worked > 1.0:
            self.changes["speed"] = round((position - self._began[1]) / worked, 2)

    def _beat(self) -> str:
        """Tells Redis how the job stands; gives the job's state, `running` where Redis does not answer."""
        since, self._beat_at = self._beat_at, time.monotonic()
        try:
            if not self._is_concluding:
                self._give_way(self._beat_at - since)
            state = self._queue.tell(self._taken, self.changes)
        except BUS_FAULTS as error:
            if not self._redis_is_away:  # once, however long it lasts
                log.warning("redis: %s; the job goes on", error)
            self._redis_is_away = True
            return "running"
        self._redis_is_away, self.changes = False, {}
        return state

    def _give_way(self, elapsed: float) -> None:
        if self._child.paused:
            self._waited += elapsed
        if self._right_of_way.is_taken():
            self._child.pause()
        else:
            self._child.go_on()
        if self._gives_way != (needed := self._right_of_way.is_needed()):
            self._gives_way = needed
            self.changes["reason"] = WAITS if needed else ""

    def _silence(self) -> Outcome | None:
        """A cancelled job may take long to write what it has: it is ended when nothing happens any more."""
        if self._child.paused or self._child.silence() <= SILENCE:
            return None
        state = "aborted" if self._is_concluding else "error"
        return Outcome(state, f"the reader made no progress for {SILENCE:.0f} s and was ended")

    def _death(self) -> Outcome | None:
        code = self._child.exit_code()
        if code is None:
            return None
        for word in self._child.hear(0):  # its last
            self._hear(word)
        return self._ending or Outcome("died", died_of(code))
