"""Deletes recordings that are older than what is to be kept, and what was left of unfinished uploads."""

import asyncio
import logging
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from api.jobs.folder import RECORDINGS, REMOVED, JobFolder, job_folder
from api.jobs.job import JOBS, OVER
from api.jobs.register import Register
from ingest.bus import LOST
from ingest.settings import retention

EVERY = 60.0  # seconds
ABANDONED_AFTER = 3600.0  # seconds in which nothing was added to an upload

log = logging.getLogger(__name__)


async def tidy(client: Any, data: Path) -> None:
    """Looks once a minute, until cancelled. A recording's age counts from the end of its reading."""
    kept = retention()
    while True:
        try:
            await delete_old(client, data, kept)
        except LOST as error:
            log.warning("redis does not answer, old recordings wait: %s", error)
        except OSError as error:
            log.warning("old recordings cannot be deleted: %s", error)
        await asyncio.sleep(EVERY)


async def delete_old(client: Any, data: Path, kept: float) -> None:
    """Deletes whatever is older than `kept` seconds. Raises what redis-py raises, and OSError."""
    now = time.time()
    register = Register(client)
    for known in await register.all():
        standing = known.standing
        if standing.state in OVER and now - (standing.ended_at or known.job.created_at) > kept:
            await register.remove(known.job.id)
            await asyncio.to_thread(job_folder(data, known.job.id).remove)
    jobs = {id.decode() for id in await client.hkeys(JOBS)}
    await asyncio.to_thread(_delete_strays, data / RECORDINGS, jobs, kept)


def _delete_strays(folder: Path, jobs: set[str], kept: float) -> None:
    """Folders that belong to no job: of uploads that broke off, and of jobs that Redis has forgotten."""
    for stray in _folders(folder):
        if stray.name.endswith(REMOVED):
            shutil.rmtree(stray)
        elif stray.name not in jobs:
            unfinished = not JobFolder(stray).video.exists() and not JobFolder(stray).parts.exists()
            if time.time() - _touched(stray) > (min(kept, ABANDONED_AFTER) if unfinished else kept):
                JobFolder(stray).remove()


def _folders(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path for path in folder.iterdir() if path.is_dir())


def _touched(folder: Path) -> float:
    """When something in it was written last; seconds since the epoch."""
    return max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
