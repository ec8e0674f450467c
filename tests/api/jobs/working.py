"""Real workers in processes of their own, and jobs for them."""

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.jobs.folder import JobFolder, job_folder
from api.jobs.intake import Wish, job_of, new_id
from api.jobs.job import Job, Standing
from api.jobs.limits import Limits
from api.jobs.register import Register
from ingest.bus import connect_async
from tests.waiting import until

ROOMY = Limits(reserve=0)


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
        """Queues a file of the media folder, as the API does."""

        async def add() -> Job:
            async with connect_async(self.redis_url) as client:
                path = str(file.relative_to(self.media))
                wish = Wish(name=file.name, path=path, rate=rate, purpose="personal", ground=None)
                job = await job_of(new_id(), wish, file, ROOMY)
                self.folder(job).path.mkdir(parents=True)
                await Register(client).add(job)
                return job

        return asyncio.run(add())

    def standing(self, job: Job) -> Standing:
        async def find() -> Standing:
            async with connect_async(self.redis_url) as client:
                known = await Register(client).find(job.id)
                assert known is not None
                return known.standing

        return asyncio.run(find())

    def wait(self, job: Job, state: str, seconds: float = 40.0) -> Standing:
        until(lambda: self.standing(job).state == state, seconds, f"{job.name} is {state}")
        return self.standing(job)

    def results(self, job: Job) -> dict[str, Any]:
        """A checksum a file; the summary's without what was measured of the run."""
        found = {}
        for path in self.folder(job).results.iterdir():
            data = path.read_bytes()
            if path.name == "summary.json":
                data = b"".join(
                    line for line in data.splitlines() if b'"elapsed"' not in line and b'"speed"' not in line
                )
            found[path.name] = hashlib.sha256(data).hexdigest()
        return found


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
