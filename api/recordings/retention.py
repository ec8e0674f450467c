"""Deletes recordings that are older than what is to be kept, and what was left of unfinished uploads."""

import asyncio
import logging
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from api.jobs.folder import RECORDINGS, REMOVED, JobFolder, delete_tree, job_folder
from api.jobs.job import OVER
from api.recordings.store import JobRecord, JobStore
from ingest.bus.connection import BUS_FAULTS
from ingest.settings import retention

EVERY = 60.0  # seconds
ABANDONED_AFTER = 3600.0  # seconds in which nothing was added to an upload

# How long a recording is kept that is not over, from when it was last worked on: it may wait for a worker.
UNREAD_FOR = 10  # times what is kept, and
UNREAD_AT_LEAST = 86_400.0  # seconds

log = logging.getLogger(__name__)


async def tidy(client: Any, data: Path) -> None:
    """Looks once a minute, until cancelled. A recording's age counts from the end of its reading."""
    kept = retention()
    while True:
        try:
            await delete_old(client, data, kept)
        except BUS_FAULTS as error:
            log.warning("redis: %s; old recordings wait", error)
        except OSError as error:
            log.warning("old recordings cannot be looked through: %s", error)
        await asyncio.sleep(EVERY)


async def delete_old(client: Any, data: Path, kept: float) -> None:
    """Deletes whatever is older than `kept` seconds. Raises what redis-py raises, and OSError.

    What cannot be deleted is told in the log, and holds up nothing else.
    """
    register = JobStore(client)
    jobs = await register.everything()
    for id, record in jobs.items():
        folder = job_folder(data, id)
        if await asyncio.to_thread(_is_old, record, folder, kept):
            await register.remove(id)
            await asyncio.to_thread(_delete, folder.path)
    await asyncio.to_thread(_delete_strays, data / RECORDINGS, set(jobs), kept)


def _is_old(record: JobRecord | None, folder: JobFolder, kept: float) -> bool:
    """Of a job that this version cannot read (None) the folder says how old it is."""
    if record is None:
        return _rest(folder.path) > kept
    created = time.time() - record.job.created_at
    if record.status.state in OVER:
        ended_at = record.status.ended_at
        return (time.time() - ended_at if ended_at else created) > kept
    return min(created, _rest(folder.path)) > max(UNREAD_FOR * kept, UNREAD_AT_LEAST)


def _delete_strays(folder: Path, jobs: set[str], kept: float) -> None:
    """Folders that belong to no job: of uploads that broke off, and of jobs that Redis has forgotten."""
    for stray in _folders(folder):
        if stray.name.endswith(REMOVED):
            _delete(stray)
        elif stray.name not in jobs:
            unfinished = not JobFolder(stray).video.exists() and not JobFolder(stray).parts.exists()
            if _rest(stray) > (min(kept, ABANDONED_AFTER) if unfinished else kept):
                _delete(stray)


def _delete(folder: Path) -> None:
    try:
        if folder.name.endswith(REMOVED):
            delete_tree(folder)
        else:
            JobFolder(folder).remove()
    except OSError as error:
        log.warning("%s cannot be deleted: %s", folder, error)


def _folders(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path for path in folder.iterdir() if path.is_dir())


def _rest(folder: Path) -> float:
    """Seconds since something in it was written last: for ever where there is no such folder."""
    if not folder.exists():
        return math.inf
    try:
        return time.time() - max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
    except FileNotFoundError:  # something in it was deleted just now
        return 0.0
    except OSError as error:
        log.warning("%s cannot be looked into: %s", folder, error)
        return 0.0
