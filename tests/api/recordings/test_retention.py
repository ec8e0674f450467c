"""Old recordings are deleted from Redis and from the disk."""

import asyncio
import json
import os
import shutil
import time
from pathlib import Path

import pytest

from api.jobs.folder import JobFolder
from api.jobs.job import Job
from api.jobs.queue import Queue
from api.recordings.retention import UPLOAD_IDLE, Ages, apply_retention, delete_old
from api.settings import RecordingLimits
from api.tasks import stop
from ingest.bus.connection import connect, connect_async
from ingest.bus.keys import JOBS, job_key
from ingest.environment import SettingError
from tests.api.jobs.working import Place
from tests.api.serving import refusing_writes
from tests.waiting import until

HOUR = 3600.0


@pytest.fixture
def place(redis_url: str, tmp_path: Path) -> Place:
    place = Place(redis_url, tmp_path / "data")
    place.media.mkdir(parents=True)
    (place.media / "clip.mp4").write_bytes(b"video")
    return place


def added(place: Place, ended: float | None) -> Job:
    """A job with files in its folder, which ended `ended` seconds ago, or is running (None)."""
    job = place.add(place.media / "clip.mp4")
    folder = place.folder(job)
    for path in (folder.video, folder.parts / "1.events", folder.results / "report.html"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("something")
    with connect(place.redis_url) as client:
        queue = Queue(client)
        queue.join()
        claimed = queue.claim()
        assert claimed is not None
        if ended is not None:
            queue.finish(claimed, "completed", {"ended_at": time.time() - ended})
    return job


def clean(place: Place, max_age: float = 24 * HOUR, ages: Ages | None = None) -> set[str]:
    """Delete old recordings; return the names of the folders that are left."""

    async def delete() -> None:
        async with connect_async(place.redis_url) as client:
            await delete_old(client, place.data, max_age, ages or Ages())

    asyncio.run(delete())
    return {path.name for path in (place.data / "recordings").iterdir()}


def make_older(folder: Path, seconds: float) -> None:
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (time.time() - seconds,) * 2)


def test_recordings_are_deleted_when_their_reading_ended_long_ago(place: Place) -> None:
    old, fresh, running = added(place, 25 * HOUR), added(place, 23 * HOUR), added(place, None)
    assert clean(place) == {fresh.id, running.id}
    with connect(place.redis_url) as client:
        assert not client.exists(job_key(old.id))
        assert old.id.encode() not in client.hkeys("jobs")
        assert client.exists(job_key(fresh.id), job_key(running.id)) == 2


def test_a_clock_that_was_set_back_keeps_nothing(place: Place) -> None:
    """Ends and writes of before are then in the future."""
    ended = added(place, -HOUR)
    orphan = place.data / "recordings" / "orphan"
    orphan.mkdir()
    (orphan / "video").write_bytes(b"video")
    make_older(orphan, -HOUR)
    now = 0.0
    ages = Ages(clock=lambda: now)
    assert clean(place, 24 * HOUR, ages) == {ended.id, "orphan"}
    now = 24 * HOUR - 1
    ages.end_round()
    assert clean(place, 24 * HOUR, ages) == {ended.id, "orphan"}
    now = 24 * HOUR + 1
    ages.end_round()
    assert clean(place, 24 * HOUR, ages) == set()


def test_unread_recordings_are_deleted_later(place: Place) -> None:
    waiting, read_on = added(place, None), added(place, None)
    for job, age in ((waiting, 241 * HOUR), (read_on, 239 * HOUR)):
        make_older(place.folder(job).path, age)
        with connect(place.redis_url) as client:
            stored = json.loads(client.hget(JOBS, job.id) or "")
            client.hset(JOBS, job.id, json.dumps(stored | {"created_at": time.time() - 300 * HOUR}))
    assert clean(place) == {read_on.id}


def test_a_job_of_another_version_is_as_old_as_its_folder(place: Place) -> None:
    old, fresh, gone = added(place, HOUR), added(place, HOUR), added(place, HOUR)
    make_older(place.folder(old).path, 25 * HOUR)
    place.folder(gone).remove()
    with connect(place.redis_url) as client:
        for job in (old, fresh, gone):
            client.hset(JOBS, job.id, '{"codec": "h264"}')
        assert clean(place) == {fresh.id}
        assert client.hkeys(JOBS) == [fresh.id.encode()]
        assert not client.exists(job_key(old.id))


def test_a_folder_that_cannot_be_deleted_does_not_hold_up_others(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, other = added(place, 25 * HOUR), added(place, 25 * HOUR)
    rmtree = shutil.rmtree

    def fail_for_the_first(folder: Path) -> None:
        if first.id in folder.name:
            raise PermissionError(13, "Permission denied", str(folder))
        rmtree(folder)

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", fail_for_the_first)
        assert clean(place) == {f".{first.id}.removed"}
    assert "Permission denied" in caplog.text
    assert not place.folder(other).path.exists()
    assert clean(place) == set()


def test_two_processes_may_delete_the_same_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a"
    (folder / "parts").mkdir(parents=True)
    rmtree = shutil.rmtree

    def find_it_half_gone(path: Path) -> None:
        monkeypatch.setattr(shutil, "rmtree", rmtree)
        (folder / "parts").rmdir()
        raise FileNotFoundError(2, "No such file or directory", "parts")

    monkeypatch.setattr(shutil, "rmtree", find_it_half_gone)
    JobFolder(folder).remove()
    assert list(tmp_path.iterdir()) == []


def test_retention_survives_a_redis_that_refuses_writes(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    old = added(place, 25 * HOUR)

    async def apply_it() -> None:
        async with connect_async(place.redis_url) as client:
            task = asyncio.create_task(apply_retention(client, place.data, interval=0.02))
            with refusing_writes(place.redis_url):
                await asyncio.to_thread(until, lambda: "not deleted yet" in caplog.text, 5, "a warning")
            await asyncio.to_thread(until, lambda: not place.folder(old).path.exists(), 5, "the deletion")
            await stop(task)

    asyncio.run(apply_it())


def test_folders_without_a_job_are_deleted_when_they_are_old(place: Place) -> None:
    aborted, uploading, lost, half_removed = (
        JobFolder(place.data / "recordings" / name) for name in ("a", "b", "c", ".d.removed")
    )
    for folder in (aborted, uploading, lost, half_removed):
        folder.path.mkdir(parents=True)
    for folder in (aborted, uploading):
        folder.video.with_suffix(".part").write_text("half")
        make_older(folder.path, UPLOAD_IDLE + 10)
    uploading.video.with_suffix(".part").write_text("half and more")
    lost.video.write_text("whole")
    make_older(lost.path, 23 * HOUR)
    assert clean(place) == {"b", "c"}
    make_older(lost.path, 25 * HOUR)
    assert clean(place) == {"b"}


def test_limits_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert RecordingLimits.read() == RecordingLimits()
    monkeypatch.setenv("MIEN_UPLOAD_LIMIT", "500M")
    monkeypatch.setenv("MIEN_DURATION_LIMIT", "90m")
    monkeypatch.setenv("MIEN_PIXELS_LIMIT", "1920x1080")
    limits = RecordingLimits.read()
    assert (limits.upload, limits.duration, limits.pixels) == (500_000_000, 5400.0, 1920 * 1080)
    monkeypatch.setenv("MIEN_DURATION_LIMIT", "long")
    with pytest.raises(SettingError, match=r"^MIEN_DURATION_LIMIT must be a duration such as 90m or 4h, got"):
        RecordingLimits.read()
