"""Real workers in processes of their own, and jobs for them."""

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

from api.jobs.folder import JobFolder, job_folder
from api.jobs.job import Job, JobStatus, decode_status, job_key
from api.jobs.live_priority import LivePriority
from api.jobs.queue import Queue
from api.jobs.worker import Places, Worker
from api.recordings.intake import new_id
from api.recordings.store import JobStore
from api.results.video import VideoReader, Wanted, load_all
from api.settings import RecordingLimits
from ingest.bus.connection import connect, connect_async
from tests.waiting import until

ROOMY = RecordingLimits(reserve=0)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the jobs of a test lie."""

    redis_url: str
    data: Path

    @property
    def media(self) -> Path:
        return self.data / "media"

    def folder(self, job: Job) -> JobFolder:
        return job_folder(self.data, job.id)

    def add(self, file: Path, *, rate: float | None = 10.0) -> Job:
        """Queues a file of the media folder, as the API does, but without looking into it."""
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
        self._register("add", job)
        return job

    def status(self, job: Job) -> JobStatus:
        with connect(self.redis_url) as client:
            return decode_status(client.hgetall(job_key(job.id)))

    def cancel(self, job: Job) -> None:
        assert self._register("cancel", job.id)

    def remove(self, job: Job) -> None:
        assert self._register("remove", job.id)
        self.folder(job).remove()

    def _register(self, call: str, *arguments: Any) -> Any:
        async def ask() -> Any:
            async with connect_async(self.redis_url) as client:
                return await getattr(JobStore(client), call)(*arguments)

        return asyncio.run(ask())

    def wait(self, job: Job, state: str, seconds: float = 40.0) -> JobStatus:
        until(lambda: self.status(job).state == state, seconds, f"{job.name} is {state}")
        return self.status(job)

    def results(self, job: Job) -> dict[str, str]:
        return checksums(self.folder(job).results)


def checksums(folder: Path) -> dict[str, str]:
    """One a file of results; the summary's is without what was measured of the run."""
    found = {}
    for path in folder.iterdir():
        data = path.read_bytes()
        if path.name == "summary.json":
            data = json.dumps(json.loads(data) | {"elapsed": None, "speed": None}).encode()
        found[path.name] = hashlib.sha256(data).hexdigest()
    return found


class Unwatched:
    """Who does not want to know how far the work is."""

    def begin(self, stage: str, total: float, pace: str) -> None: ...

    def at(self, done: float) -> None: ...

    def stopped(self) -> bool:
        return False


def unbroken(clip: Path, folder: Path) -> dict[str, str]:
    """The checksums of what `mien run` makes of a clip."""
    wanted = Wanted(rate=10.0, annotated=False)
    reader = VideoReader(clip, folder, source=clip.name, wanted=wanted, watch=Unwatched())
    with reader.opened() as recording:
        reader.read(recording, load_all(1, "mien"))
    return checksums(folder)


@contextmanager
def worker(place: Place) -> Iterator[subprocess.Popen[bytes]]:
    """`mien jobs`; killed at the end, with what it started."""
    environment = {**os.environ, "REDIS_URL": place.redis_url, "MIEN_DATA": str(place.data)}
    process = subprocess.Popen([sys.executable, "-m", "api.jobs"], env=environment)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


@contextmanager
def working(place: Place, limits: RecordingLimits = ROOMY) -> Iterator[None]:
    """A worker in a thread of this process."""
    with connect(place.redis_url, retries=0) as client:
        places = Places(place.data, place.media, limits)
        worker = Worker(Queue(client, lost_after=1.0), LivePriority(client), places)
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            yield
        finally:
            worker.stopping = True
            thread.join(10)
            assert not thread.is_alive()
