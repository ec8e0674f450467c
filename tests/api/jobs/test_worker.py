"""A real worker with jobs that are cancelled, cannot be read, or must wait."""

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from api.jobs.attempt import SLOWED_DOWN
from api.jobs.live_priority import MAX_AGE, LivePriority
from api.jobs.queue import Queue
from api.settings import RecordingLimits
from ingest.bus.connection import connect
from ingest.bus.frame_stream import FrameStream
from ingest.bus.keys import JOB_QUEUE, SOURCES, dropped_key, frames_key
from tests.api.jobs.working import Place, unbroken, worker, working
from tests.api.serving import configure
from tests.api.verbs.portrait_clips import face_clip
from tests.clips import even
from tests.processes import command_line, family
from tests.waiting import until


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return face_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", even(500))


@pytest.fixture
def place(redis_url: str, tmp_path: Path, clip: Path) -> Place:
    place = Place(redis_url, tmp_path / "data")
    place.media.mkdir(parents=True)
    shutil.copy(clip, place.media)
    return place


def reader() -> int | None:
    """Return the id of the reading process, if there is one."""
    mine = family(os.getpid())
    return next((pid for pid in mine if "api.jobs.reading" in command_line(pid)), None)


def test_a_cancelled_job_keeps_its_results_so_far(place: Place) -> None:
    job = place.add(place.media / "clip.mp4")
    with working(place):
        until(lambda: place.status(job).readings, 20, "readings")
        place.cancel(job)
        until(lambda: reader() is None, 5, "the reader is gone")
        until(lambda: (place.folder(job).results / "summary.json").exists(), 5, "results")
    status = place.status(job)
    assert status.state == "aborted"
    summary = json.loads((place.folder(job).results / "summary.json").read_text())
    assert summary["interrupted"]
    assert 0 < summary["readings"] < 200


SLOW_TO_FINISH = """
import json, signal, threading
cancelled = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: cancelled.set())
while not cancelled.wait(0.05):
    print(json.dumps({"position": 1.0}), flush=True)
for number in range(30):  # it reports while it writes
    threading.Event().wait(0.05)
    print(json.dumps({"position": 1.0}), flush=True)
print(json.dumps({"end": "aborted"}), flush=True)
"""


def test_a_cancelled_job_may_take_long_to_write_its_results(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may while it reports progress: this reader writes for 1.5 s after the cancellation."""
    (tmp_path / "slow_to_finish.py").write_text(SLOW_TO_FINISH)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    job = place.add(place.media / "clip.mp4")
    with (
        working(place, reader_timeout=0.8, reader_module="slow_to_finish"),
        connect(place.redis_url) as client,
    ):
        until(lambda: place.status(job).position, 5, "a report")
        place.cancel(job)
        until(lambda: not client.xlen(JOB_QUEUE), 5, "the job is over")
    assert (place.status(job).state, place.status(job).reason) == ("aborted", "")


def test_a_stopped_worker_releases_its_job(place: Place) -> None:
    job = place.add(place.media / "clip.mp4")
    with worker(place) as first:
        until(lambda: place.status(job).readings, 20, "readings")
        first.send_signal(signal.SIGTERM)
        assert first.wait(5) == 0
    stopped = place.status(job)
    assert (stopped.state, stopped.attempt) == ("running", 1)
    with connect(place.redis_url) as client:
        again = Queue(client, lease=60).claim()
    assert again is not None
    assert (again.job.id, again.attempt, again.fruitless) == (job.id, 2, 0)


def test_a_removed_job_is_stopped_and_leaves_no_file(place: Place) -> None:
    job = place.add(place.media / "clip.mp4")
    with working(place):
        until(lambda: place.status(job).readings, 20, "readings")
        place.remove(job)
        until(lambda: reader() is None, 5, "the reader is gone")
    assert list((place.data / "recordings").iterdir()) == []


def test_a_file_that_has_changed_is_not_read(place: Place) -> None:
    job, gone = place.add(place.media / "clip.mp4"), place.add(place.media / "clip.mp4")
    os.utime(place.media / "clip.mp4")
    with working(place):
        assert place.wait(job, "error").reason == "the file has changed since the recording was added"
        (place.media / "clip.mp4").unlink()
        place.wait(gone, "error")


def test_a_job_waits_while_the_disk_is_full_and_goes_on_from_its_checkpoint(
    place: Place, clip: Path, tmp_path: Path
) -> None:
    job = place.add(place.media / "clip.mp4")
    parts = place.folder(job).parts
    with working(place, RecordingLimits(reserve=10**18)):
        until(lambda: place.status(job).reason, 10, "a reason")
        waiting = place.status(job)
    assert waiting.state == "queued"
    assert waiting.reason.startswith("the disk is full: 1000000000000 MB must stay free, ")
    with working(place):
        until((parts / "2.json").exists, 20, "a checkpoint")
    (parts / "3.events").symlink_to("/dev/full")
    with working(place):
        waiting = place.wait(job, "queued")
    assert waiting.reason == "cannot write: no space left on device; reading goes on when there is room"
    assert list(parts.glob("3.*")) == []
    with working(place):
        assert place.wait(job, "completed").attempt == 4
    assert place.results(job) == unbroken(clip, tmp_path / "unbroken")


def test_a_recording_longer_than_its_header_says_is_stopped_at_the_limit(place: Place) -> None:
    job = place.add(place.media / "clip.mp4")
    with working(place, RecordingLimits(duration=3.0, reserve=0)):
        assert place.wait(job, "error").reason == "a recording may last 3 s; this one is longer"


def test_a_reader_that_dies_again_and_again_is_given_up(place: Place) -> None:
    job = place.add(place.media / "clip.mp4")

    def kill() -> bool:
        if pid := reader():
            os.kill(pid, signal.SIGKILL)
        return place.status(job).state == "error"

    with working(place):
        until(kill, 20, "the job is given up")
    status = place.status(job)
    assert status.reason == "given up: the reader died 3 times at the same place"
    assert status.attempt == 4


def test_a_reader_that_hangs_is_ended(place: Place) -> None:
    job = place.add(place.media / "clip.mp4")
    with working(place, reader_timeout=1.0):
        pid = until(reader, 10, "a reader")
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        assert place.wait(job, "error").reason == "the reader made no progress for 1 s and was ended"
        until(lambda: reader() is None, 5, "the reader is gone")


def test_a_job_pauses_while_live_frames_are_dropped(place: Place) -> None:
    configure(place.redis_url)
    job = place.add(place.media / "clip.mp4")
    with working(place), connect(place.redis_url) as client:
        until(lambda: place.status(job).readings, 20, "readings")

        def drops() -> bool:
            client.incrby(dropped_key("lobby"), 1)
            return place.status(job).reason == SLOWED_DOWN

        until(drops, 10, "the job is slowed down")
        pid, waiting = reader(), place.status(job)
        until(lambda: "T (stopped)" in Path(f"/proc/{pid}/status").read_text(), 10, "the reader is paused")
        assert waiting.state == "running"
        until(lambda: place.status(job).reason == "", 10, "the job is resumed")
        until(lambda: place.status(job).position > waiting.position, 10, "the job continues")


def test_late_and_dropped_frames_pause_jobs(redis_url: str) -> None:
    configure(redis_url)
    now = [100.0]
    with connect(redis_url) as client:
        priority = LivePriority(client, clock=lambda: now[0])
        assert not priority.must_pause()
        client.incrby(dropped_key("lobby"), 3)
        assert priority.must_pause()
        now[0] += 1.9
        assert priority.must_pause()
        now[0] += 0.2
        assert not priority.must_pause()
        milliseconds = int(client.time()[0] * 1000 - MAX_AGE * 1000) - 1000
        client.xadd(frames_key(0), {"source": "lobby"}, id=f"{milliseconds}-0")
        assert priority.must_pause()
        FrameStream(client).join()
        client.delete(frames_key(0))
        client.hdel(SOURCES, "lobby")
        now[0] += 2.1
        assert not priority.must_pause()


def test_jobs_have_a_tenth_of_the_time_while_live_frames_are_dropped(redis_url: str) -> None:
    configure(redis_url)
    now, paused = [100.0], []
    with connect(redis_url) as client:
        priority = LivePriority(client, clock=lambda: now[0])
        assert not priority.must_pause()
        for _ in range(160):
            client.incrby(dropped_key("lobby"), 1)
            paused.append(priority.must_pause())
            assert priority.is_overloaded()
            now[0] += 0.125
    assert paused == ([True] * 72 + [False] * 8) * 2
