"""Takes jobs from the queue, one after the other, and has each read by a process of its own."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from api.jobs.attempt import Attempt, Outcome
from api.jobs.child import Child
from api.jobs.folder import JobFolder, job_folder, media_file
from api.jobs.live_priority import LivePriority
from api.jobs.queue import ClaimedJob, Queue
from api.jobs.read_task import ReadTask
from api.settings import RecordingLimits
from ingest.bus.connection import BUS_FAULTS

PAUSE = 0.2  # seconds before Redis is asked again
ATTEMPTS = 3  # in a row that come no further before a job is given up

T = TypeVar("T")

log = logging.getLogger(__name__)


class UnusableError(Exception):
    """There is nothing to read for a job; the message says why."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where recordings lie, and what they may cost."""

    data: Path
    media: Path
    limits: RecordingLimits


class Worker:
    """One worker of the queue."""

    def __init__(self, queue: Queue, live_priority: LivePriority, places: Places) -> None:
        self._queue = queue
        self._right_of_way = live_priority
        self._places = places
        self.stopping = False

    def run(self, *, until_empty: bool = False) -> None:
        """Works until `stopping` is set, or until there is nothing more to do."""
        joined, told = False, ""
        while not self.stopping:
            try:
                if not joined:
                    self._queue.join()
                    joined = True
                claimed = self._queue.take()
            except BUS_FAULTS as error:
                if str(error) != told:  # once, however long it lasts
                    log.warning("redis: %s; jobs wait", error)
                joined, told = False, str(error)
                time.sleep(PAUSE)
                continue
            told = ""
            if claimed is not None:
                self._work(claimed)
            elif until_empty:
                return

    def _work(self, claimed: ClaimedJob) -> None:
        job, folder = claimed.job, job_folder(self._places.data, claimed.job.id)
        try:
            video = self._video(claimed, folder)
        except UnusableError as error:
            self._end(claimed, "error", {"reason": str(error)})
            return
        log.info("reading %s: %s, attempt %d", job.id, job.name, claimed.attempt)
        order = ReadTask(
            folder=str(folder.path),
            video=str(video),
            name=job.name,
            rate=job.rate,
            attempt=claimed.attempt,
            longest=self._places.limits.duration,
            reserve=self._places.limits.reserve,
        )
        child = Child(order)
        try:
            attempt = Attempt(claimed, child, self._queue, self._right_of_way)
            outcome = attempt.run(lambda: self.stopping)
        finally:
            child.close()
        self._conclude(claimed, folder, outcome, attempt.changes)

    def _conclude(
        self, claimed: ClaimedJob, folder: JobFolder, outcome: Outcome, changes: Mapping[str, Any]
    ) -> None:
        match outcome.state:
            case "lost":
                log.info("%s is another worker's now, or nobody's", claimed.job.id)
            case "stopped":
                self._tell(lambda: self._queue.give_back(claimed, fruitless=False))
            case "died":
                log.warning("%s: %s", claimed.job.id, outcome.reason)
                self._tell(lambda: self._queue.give_back(claimed, fruitless=True))
            case state:
                # Signs of life may have stopped for a while: what another worker writes now is not touched.
                if self._tell(lambda: self._queue.tell(claimed, {})) in ("running", "aborted"):
                    folder.publish(claimed.attempt)
                    self._end(claimed, state, {**changes, "reason": outcome.reason})

    def _end(self, claimed: ClaimedJob, state: str, changes: Mapping[str, Any]) -> None:
        log.info("%s %s %s", claimed.job.id, state, changes.get("reason", ""))
        self._tell(lambda: self._queue.end(claimed, state, changes))

    def _tell(self, what: Callable[[], T]) -> T | None:
        """Until Redis has heard it, or this worker stops; gives the answer."""
        while True:
            try:
                return what()
            except BUS_FAULTS as error:
                log.warning("redis: %s; telling it again", error)
                if self.stopping:
                    return None
                time.sleep(PAUSE)

    def _video(self, claimed: ClaimedJob, folder: JobFolder) -> Path:
        """The file to read. Raises UnusableError where it is gone, or another one than was to be read."""
        job = claimed.job
        if claimed.fruitless >= ATTEMPTS:
            raise UnusableError(f"given up: the reader died {claimed.fruitless} times at the same place")
        path = folder.video if job.path is None else media_file(self._places.media, job.path)
        if path is None or not path.is_file():
            raise UnusableError("the file is gone")
        status = path.stat()
        if (status.st_size, status.st_mtime_ns) != (job.size, job.modified):
            raise UnusableError("the file is another one than when the job was added")
        return path
