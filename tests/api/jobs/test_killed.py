"""A killed worker: another one resumes the job, and the results are the same."""

import json
import os
import signal
import tempfile
from pathlib import Path

import pytest

from api.jobs.checkpoint import newest_checkpoint
from deploy.redis_server import RedisServer
from ingest.pace import SECOND
from tests.api.jobs.working import Place, unbroken, worker, working
from tests.api.verbs.portrait_clips import face_clip
from tests.clips import created_at, even
from tests.waiting import until


@pytest.fixture
def place(redis_url: str, tmp_path: Path) -> Place:
    (tmp_path / "data" / "media").mkdir(parents=True)
    return Place(redis_url, tmp_path / "data")


def test_a_killed_job_resumes_and_gives_the_same_files(place: Place, tmp_path: Path) -> None:
    plain = face_clip(tmp_path / "plain.mp4", even(300), empty=range(150, 180))
    clip = created_at(plain, place.media / "clip.mp4", "2024-05-01T12:00:00Z")
    job = place.add(clip)
    parts = place.folder(job).parts
    with worker(place) as first:
        until(lambda: newest_checkpoint(parts), 30, "a checkpoint")
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    checkpoint = newest_checkpoint(parts)
    assert checkpoint is not None
    assert checkpoint.state["facts"] is None, "it was killed too late"
    with working(place):
        status = place.wait(job, "completed")
    assert status.attempt == 2
    assert status.readings > 100
    assert place.results(job) == unbroken(clip, tmp_path / "unbroken")
    summary = json.loads((place.folder(job).results / "summary.json").read_text())
    assert summary["frames_decoded"] == 300
    assert (summary["created_at"], summary["clock"]) == ("2024-05-01T12:00:00.000Z", "container")
    last = newest_checkpoint(parts)
    assert last is not None
    assert [segment.attempt for segment in last.segments] == [1, 2]
    assert last.state["position"] == 12 * SECOND


def test_a_checkpoint_of_another_version_restarts_the_reading(place: Place, tmp_path: Path) -> None:
    clip = face_clip(place.media / "clip.mp4", even(50))
    job = place.add(clip)
    parts = place.folder(job).parts
    parts.mkdir()
    (parts / "0.json").write_text('{"version": 0}')
    with working(place):
        place.wait(job, "completed")
    assert place.results(job) == unbroken(clip, tmp_path / "unbroken")
    assert [path.name for path in parts.glob("*.json")] == ["1.json"]


def test_a_slow_worker_that_lost_its_job_damages_nothing(place: Place, tmp_path: Path) -> None:
    """The worker is stopped for longer than its lease; its reader continues."""
    clip = face_clip(place.media / "clip.mp4", even(200))
    job = place.add(clip)
    with worker(place) as slow:
        until(lambda: place.status(job).readings, 30, "readings")
        os.kill(slow.pid, signal.SIGSTOP)
        with working(place):
            until(lambda: place.status(job).attempt == 2, 20, "the job is another worker's")
            os.kill(slow.pid, signal.SIGCONT)
            place.wait(job, "completed")
    assert place.results(job) == unbroken(clip, tmp_path / "unbroken")
    assert [path.name for path in place.folder(job).path.glob("results*")] == ["results"]


def test_a_job_continues_while_redis_is_down(tmp_path: Path) -> None:
    """Redis is killed and started again with the data on its disk."""
    with tempfile.TemporaryDirectory(prefix="mien-", dir="/tmp") as folder:
        server = RedisServer(Path(folder))
        server.start()
        place = Place(server.url, tmp_path / "data")
        place.media.mkdir(parents=True)
        job = place.add(face_clip(place.media / "clip.mp4", even(150)))
        waiting = place.add(place.media / "clip.mp4", rate=1.0)
        with worker(place):
            until(lambda: place.status(job).readings, 20, "readings")
            assert server.process is not None
            server.process.kill()
            server.process.wait()
            until(lambda: not server.answers(), 5, "the server is gone")
            server.start()
            status = place.wait(job, "completed")
            assert place.wait(waiting, "completed").attempt == 1
        server.stop()
    assert status.attempt == 1
    assert status.position == 6.0
