"""Workers in threads and in processes, and jobs for them."""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.jobs.attempt import READER_TIMEOUT
from api.jobs.folder import JobFolder, job_folder
from api.jobs.job import Job, JobStatus, decode_status
from api.jobs.live_priority import LivePriority
from api.jobs.queue import Queue
from api.jobs.reader_process import MODULE
from api.jobs.worker import Worker, WorkerConfig
from api.recordings.intake import new_id
from api.recordings.store import JobStore
from api.results.networks import load_file_networks
from api.results.progress import ReadOptions
from api.results.video import VideoReader
from api.settings import RecordingLimits
from ingest.bus.connection import connect, connect_async
from ingest.bus.keys import job_key
from tests.waiting import until

ROOMY = RecordingLimits(reserve=0)


@dataclass(frozen=True, slots=True)
class Place:
    """The Redis and the data folder of a test's jobs."""

    redis_url: str
    data: Path

    @property
    def media(self) -> Path:
        return self.data / "media"

    def folder(self, job: Job) -> JobFolder:
        return job_folder(self.data, job.id)

    def add(self, file: Path, *, rate: float | None = 10.0) -> Job:
        """Queue a file of the media folder as the API does, but without probing it."""
        status = file.stat()
        job = Job(
            id=new_id(),
            name=file.name,
            path=str(file.relative_to(self.media)),
            rate=rate,
            purpose="personal",
            ground=None,
            created_at=time.time(),
            size=status.st_size,
            modified=status.st_mtime_ns,
            media_type="video/mp4",
            duration=None,
            width=640,
            height=360,
        )
        self.folder(job).path.mkdir(parents=True)
        self._store("add", job)
        return job

    def status(self, job: Job) -> JobStatus:
        with connect(self.redis_url) as client:
            return decode_status(client.hgetall(job_key(job.id)))

    def cancel(self, job: Job) -> None:
        assert self._store("cancel", job.id)

    def remove(self, job: Job) -> None:
        assert self._store("remove", job.id)
        self.folder(job).remove()

    def _store(self, method: str, *arguments: Any) -> Any:
        async def call() -> Any:
            async with connect_async(self.redis_url) as client:
                return await getattr(JobStore(client), method)(*arguments)

        return asyncio.run(call())

    def wait(self, job: Job, state: str, seconds: float = 40.0) -> JobStatus:
        until(lambda: self.status(job).state == state, seconds, f"{job.name} is {state}")
        return self.status(job)

    def results(self, job: Job) -> dict[str, str]:
        return checksums(self.folder(job).results)


def checksums(folder: Path) -> dict[str, str]:
    """Return a checksum of each result file; that of the summary ignores the time that the run took."""
    sums = {}
    for path in folder.iterdir():
        data = path.read_bytes()
        if path.name == "summary.json":
            data = json.dumps(json.loads(data) | {"elapsed": None, "speed": None}).encode()
        sums[path.name] = hashlib.sha256(data).hexdigest()
    return sums


class NoProgress:
    """A listener that ignores progress and never stops the run."""

    def start_stage(self, name: str, total: float, unit: str) -> None: ...

    def advance(self, done: float) -> None: ...

    def stopped(self) -> bool:
        return False


def unbroken(clip: Path, folder: Path) -> dict[str, str]:
    """Return the checksums of the results of `mien run`."""
    options = ReadOptions(rate=10.0, annotated=False)
    reader = VideoReader(clip, folder, clip.name, options, NoProgress())
    with reader.open() as recording:
        reader.read(recording, load_file_networks(1, "mien"))
    return checksums(folder)


@contextmanager
def worker(place: Place) -> Iterator[subprocess.Popen[bytes]]:
    """Run `mien jobs`; kill it and its children at the end."""
    environment = {**os.environ, "REDIS_URL": place.redis_url, "MIEN_DATA": str(place.data)}
    process = subprocess.Popen([sys.executable, "-m", "api.jobs"], env=environment)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


@contextmanager
def working(
    place: Place,
    limits: RecordingLimits = ROOMY,
    *,
    reader_timeout: float = READER_TIMEOUT,
    reader_module: str = MODULE,
) -> Iterator[None]:
    """Run a worker in a thread of this process."""
    with connect(place.redis_url, retries=0) as client:
        config = WorkerConfig(place.data, place.media, limits, reader_timeout, reader_module)
        worker = Worker(Queue(client, lease=1.0), LivePriority(client), config)
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            yield
        finally:
            worker.stopping = True
            thread.join(10)
            assert not thread.is_alive()
