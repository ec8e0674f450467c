"""Deletes recordings that are older than the retention time, and the remains of uploads that broke off."""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from api.jobs.folder import RECORDINGS, REMOVED, JobFolder, delete_tree, job_folder
from api.jobs.job import OVER
from api.recordings.store import JobRecord, JobStore
from ingest.bus.client import AsyncRedis
from ingest.bus.connection import REDIS_ERRORS
from ingest.settings import retention

INTERVAL = 60.0  # seconds
UPLOAD_IDLE = 3600.0  # seconds without a write after which an upload counts as abandoned

# A recording that has not been read to its end may wait for a worker: it is kept for a multiple of the
# retention time after the last write, and for a day at least.
UNREAD_FACTOR = 10
UNREAD_MIN = 86_400.0  # seconds

log = logging.getLogger(__name__)


class Ages:
    """Ages of things, each with the time of its end or of its last write, by two clocks.

    The wall clock knows the age of what this process has never seen. If it is set back, things end in the
    future: then they are at least as old as they have been seen with this time.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._before: dict[tuple[str, float], float] = {}  # when each was first seen
        self._seen: dict[tuple[str, float], float] = {}  # likewise, those of the current round

    def age(self, name: str, at: float) -> float:
        """Return the age, in seconds, of what ended at `at`, in seconds since the epoch."""
        now = self._clock()
        since = self._seen.setdefault((name, at), self._before.get((name, at), now))
        return max(time.time() - at, now - since)

    def end_round(self) -> None:
        """Forget what was not seen in this round."""
        self._before, self._seen = self._seen, {}


async def apply_retention(client: AsyncRedis, data: Path, interval: float = INTERVAL) -> None:
    """Delete old recordings every `interval` seconds, until cancelled."""
    max_age, ages = retention(), Ages()
    while True:
        try:
            await delete_old(client, data, max_age, ages)
            ages.end_round()
        except REDIS_ERRORS as error:
            log.warning("redis: %s; old recordings are not deleted yet", error)
        except OSError as error:
            log.warning("the folder of recordings cannot be read: %s", error)
        await asyncio.sleep(interval)


async def delete_old(client: AsyncRedis, data: Path, max_age: float, ages: Ages) -> None:
    """Delete recordings whose reading ended more than `max_age` seconds ago.

    A folder that cannot be deleted is logged, and does not hold up the others. Raises what redis-py raises,
    and OSError.
    """
    store = JobStore(client)
    jobs = await store.everything()
    for id, record in jobs.items():
        folder = job_folder(data, id)
        if await asyncio.to_thread(_is_old, record, folder, max_age, ages):
            await store.remove(id)
            await asyncio.to_thread(_delete, folder.path)
    await asyncio.to_thread(_delete_orphans, data / RECORDINGS, set(jobs), max_age, ages)


def _is_old(record: JobRecord | None, folder: JobFolder, max_age: float, ages: Ages) -> bool:
    """`record` is None for a job that this version cannot read: its folder shows the age."""
    if record is None:
        return _idle(folder.path, ages) > max_age
    created_at = record.job.created_at
    if record.status.state in OVER:
        return ages.age(record.job.id, record.status.ended_at or created_at) > max_age
    unread = min(ages.age(record.job.id, created_at), _idle(folder.path, ages))
    return unread > max(UNREAD_FACTOR * max_age, UNREAD_MIN)


def _delete_orphans(folder: Path, jobs: set[str], max_age: float, ages: Ages) -> None:
    """Delete folders without a job: of uploads that broke off, and of jobs that Redis has lost."""
    for orphan in _folders(folder):
        if orphan.name.endswith(REMOVED):
            _delete(orphan)
        elif orphan.name not in jobs:
            incomplete = not JobFolder(orphan).video.exists() and not JobFolder(orphan).parts.exists()
            if _idle(orphan, ages) > (min(max_age, UPLOAD_IDLE) if incomplete else max_age):
                _delete(orphan)


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


def _idle(folder: Path, ages: Ages) -> float:
    """Seconds since the last write in a folder; infinite where there is no such folder."""
    if not folder.exists():
        return math.inf
    try:
        newest = max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
        return ages.age(str(folder), newest)
    except FileNotFoundError:  # a file in it was deleted just now
        return 0.0
    except OSError as error:
        log.warning("%s cannot be read: %s", folder, error)
        return 0.0
