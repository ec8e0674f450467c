"""Claims jobs one after the other; a process of its own reads each."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from api.disk import shortage
from api.jobs.attempt import READER_TIMEOUT, Attempt, Outcome
from api.jobs.folder import JobFolder, job_folder, media_file
from api.jobs.job import JobError
from api.jobs.live_priority import LivePriority
from api.jobs.queue import ClaimedJob, Queue
from api.jobs.read_task import ReadTask
from api.jobs.reader_process import MODULE, ReaderProcess
from api.settings import RecordingLimits
from ingest.bus.connection import REDIS_ERRORS

RETRY_INTERVAL = 0.2  # seconds between two tries to reach Redis
ROOM_INTERVAL = 10.0  # seconds between two checks for room on a full disk
MAX_FRUITLESS = 3  # attempts in a row without a checkpoint before a job is given up

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """The folders of uploads and media files, and the limits of recordings."""

    data: Path
    media: Path
    limits: RecordingLimits
    reader_timeout: float = READER_TIMEOUT  # seconds
    reader_module: str = MODULE
    room_interval: float = ROOM_INTERVAL  # seconds


class Worker:
    """One worker of the queue."""

    def __init__(self, queue: Queue, live_priority: LivePriority, config: WorkerConfig) -> None:
        self._queue = queue
        self._live_priority = live_priority
        self._config = config
        self.stopping = False
        self._claim_at = 0.0  # seconds, monotonic; the disk was full

    def run(self, *, until_empty: bool = False) -> None:
        """Work until `stopping` is set, or until the queue is empty."""
        joined, logged = False, ""
        while not self.stopping:
            try:
                if not joined:
                    self._queue.join()
                    joined = True
                if time.monotonic() < self._claim_at:
                    self._queue.wait()
                    continue
                claimed = self._queue.claim()
            except REDIS_ERRORS as error:
                if str(error) != logged:  # one line for each outage
                    log.warning("redis: %s; jobs wait", error)
                joined, logged = False, str(error)
                time.sleep(RETRY_INTERVAL)
                continue
            logged = ""
            if claimed is not None:
                self._work(claimed)
            elif until_empty:
                return

    def _work(self, claimed: ClaimedJob) -> None:
        job, folder = claimed.job, job_folder(self._config.data, claimed.job.id)
        try:
            video = self._video(claimed, folder)
        except JobError as error:
            self._finish(claimed, "error", {"reason": str(error)})
            return
        if reason := shortage(folder.path, self._config.limits.reserve):
            self._wait_for_room(claimed, reason)
            return
        log.info("reading %s: %s, attempt %d", job.id, job.name, claimed.attempt)
        reader = ReaderProcess(self._task(claimed, folder, video), self._config.reader_module)
        try:
            timeout = self._config.reader_timeout
            attempt = Attempt(claimed, reader, self._queue, self._live_priority, timeout=timeout)
            outcome = attempt.run(lambda: self.stopping)
        finally:
            reader.close()
        self._conclude(claimed, folder, outcome, attempt.changes)

    def _task(self, claimed: ClaimedJob, folder: JobFolder, video: Path) -> ReadTask:
        return ReadTask(
            folder=str(folder.path),
            video=str(video.resolve()),
            name=claimed.job.name,
            rate=claimed.job.rate,
            attempt=claimed.attempt,
            max_duration=self._config.limits.duration,
            reserve=self._config.limits.reserve,
            max_pixels=self._config.limits.pixels,
            turn=claimed.job.turn,
            aspect=claimed.job.aspect,
        )

    def _conclude(
        self, claimed: ClaimedJob, folder: JobFolder, outcome: Outcome, changes: Mapping[str, Any]
    ) -> None:
        match outcome.state:
            case "lost":
                log.info("%s was claimed by another worker or removed", claimed.job.id)
            case "stopped":
                self._retry(lambda: self._queue.release(claimed))
            case "died":
                log.warning("%s: %s", claimed.job.id, outcome.reason)
                self._retry(lambda: self._queue.release(claimed, fruitless=True))
            case "waiting" if self._retry(lambda: self._queue.report(claimed, {})) != "aborted":
                self._wait_for_room(claimed, outcome.reason)
            case "waiting":
                self._finish(claimed, "aborted", {**changes, "reason": outcome.reason})
            case state:
                # The lease may have run out unnoticed: results of another worker must not be touched.
                if self._retry(lambda: self._queue.report(claimed, {})) in ("running", "aborted"):
                    folder.publish(claimed.attempt)
                    self._finish(claimed, state, {**changes, "reason": outcome.reason})

    def _wait_for_room(self, claimed: ClaimedJob, reason: str) -> None:
        """Put the job back, and claim nothing for a while: it goes on from its checkpoint."""
        log.warning("%s waits: %s", claimed.job.id, reason)
        reason = f"{reason}; reading goes on when there is room"
        self._retry(lambda: self._queue.release(claimed, reason=reason))
        self._claim_at = time.monotonic() + self._config.room_interval

    def _finish(self, claimed: ClaimedJob, state: str, changes: Mapping[str, Any]) -> None:
        log.info("%s %s %s", claimed.job.id, state, changes.get("reason", ""))
        self._retry(lambda: self._queue.finish(claimed, state, changes))

    def _retry(self, call: Callable[[], T]) -> T | None:
        """Call until Redis answers, and return the answer; None where this worker stops."""
        while True:
            try:
                return call()
            except REDIS_ERRORS as error:
                log.warning("redis: %s; trying again", error)
                if self.stopping:
                    return None
                time.sleep(RETRY_INTERVAL)

    def _video(self, claimed: ClaimedJob, folder: JobFolder) -> Path:
        """The file to read. Raises JobError."""
        job = claimed.job
        if claimed.fruitless >= MAX_FRUITLESS:
            raise JobError(f"given up: the reader died {claimed.fruitless} times at the same place")
        path = folder.video if job.path is None else media_file(self._config.media, job.path)
        if path is None or not path.is_file():
            raise JobError("the file is gone")
        status = path.stat()
        if (status.st_size, status.st_mtime_ns) != (job.size, job.modified):
            raise JobError("the file has changed since the recording was added")
        return path
