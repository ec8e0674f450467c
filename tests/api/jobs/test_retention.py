"""Recordings that are too old are deleted: what Redis holds of them, and every byte on the disk."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from api.jobs.folder import JobFolder
from api.jobs.job import Job, job_key
from api.jobs.limits import Limits, limits_from_environment
from api.jobs.queue import Queue
from api.jobs.retention import ABANDONED_AFTER, delete_old
from ingest.bus import connect, connect_async
from ingest.settings import SettingError
from tests.api.jobs.working import Place

HOUR = 3600.0


@pytest.fixture
def place(redis_url: str, tmp_path: Path) -> Place:
    place = Place(redis_url, tmp_path / "data")
    place.media.mkdir(parents=True)
    (place.media / "clip.mp4").write_bytes(b"video")
    return place


def added(place: Place, ended: float | None) -> Job:
    """A job with something in its folder, read `ended` seconds ago, or running."""
    job = place.add(place.media / "clip.mp4")
    folder = place.folder(job)
    for path in (folder.video, folder.parts / "1.events", folder.results / "report.html"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("something")
    with connect(place.redis_url) as client:
        queue = Queue(client)
        queue.join()
        taken = queue.take()
        assert taken is not None
        if ended is not None:
            queue.end(taken, "completed", {"ended_at": time.time() - ended})
    return job


def clean(place: Place, kept: float = 24 * HOUR) -> set[str]:
    """Deletes; gives the names of the folders that are left."""

    async def delete() -> None:
        async with connect_async(place.redis_url) as client:
            await delete_old(client, place.data, kept)

    asyncio.run(delete())
    return {path.name for path in (place.data / "recordings").iterdir()}


def make_older(folder: Path, seconds: float) -> None:
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (time.time() - seconds,) * 2)


def test_only_what_was_read_long_ago_is_deleted(place: Place) -> None:
    old, fresh, running = added(place, 25 * HOUR), added(place, 23 * HOUR), added(place, None)
    assert clean(place) == {fresh.id, running.id}
    with connect(place.redis_url) as client:
        assert not client.exists(job_key(old.id))
        assert old.id.encode() not in client.hkeys("jobs")
        assert client.exists(job_key(fresh.id), job_key(running.id)) == 2


def test_what_no_job_knows_goes_in_time(place: Place) -> None:
    broken_off, going_on, forgotten, half_removed = (
        JobFolder(place.data / "recordings" / name) for name in ("a", "b", "c", ".d.removed")
    )
    for folder in (broken_off, going_on, forgotten, half_removed):
        folder.path.mkdir(parents=True)
    for folder in (broken_off, going_on):
        folder.video.with_suffix(".part").write_text("half")
        make_older(folder.path, ABANDONED_AFTER + 10)
    going_on.video.with_suffix(".part").write_text("half and more")
    forgotten.video.write_text("whole")
    make_older(forgotten.path, 23 * HOUR)
    assert clean(place) == {"b", "c"}
    make_older(forgotten.path, 25 * HOUR)
    assert clean(place) == {"b"}


def test_limits_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits_from_environment() == Limits()
    monkeypatch.setenv("MIEN_UPLOAD_LIMIT", "500M")
    monkeypatch.setenv("MIEN_DURATION_LIMIT", "90m")
    monkeypatch.setenv("MIEN_PIXELS_LIMIT", "1920x1080")
    limits = limits_from_environment()
    assert (limits.upload, limits.duration, limits.pixels) == (500_000_000, 5400.0, 1920 * 1080)
    monkeypatch.setenv("MIEN_DURATION_LIMIT", "long")
    with pytest.raises(SettingError, match=r"^MIEN_DURATION_LIMIT: expected such as 90m or 4h, actual"):
        limits_from_environment()
