"""Reads one recording for a job: `python -m api.jobs.reading TASK`, in a process of its own.

It does not know Redis: its reports go to its parent (api.jobs.progress). It resumes from the newest
checkpoint in the job's folder. On SIGTERM it stops reading and writes the results of what was read so far.
"""

import json
import logging
import os
import resource
import shutil
import signal
import sys
from contextlib import closing
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from api.disk import shortage
from api.jobs.checkpoint import BadCheckpointError, Checkpoint, delete_checkpoints, newest_checkpoint
from api.jobs.event_log import EVENTS, EventLogWriter, delete_uncommitted, read_log
from api.jobs.folder import JobFolder
from api.jobs.job import JobError
from api.jobs.progress import Progress, report
from api.jobs.read_task import ReadTask
from api.jobs.recorder import Recorder
from api.results.files import DiskFullError, WriteFailedError, open_results, write_errors
from api.results.networks import LoadedNetworks, load_file_networks
from api.results.summary import Facts, describe_damage, picture_facts, video_facts
from engine.card import CardMismatchError
from engine.pipeline import BadStateError, Pipeline
from engine.recording import ReaderState, RecordingReader, still_events
from engine.settings import EngineSettings
from engine.stored import BadLineError, decode_stored
from ingest.files.damage import Damage
from ingest.files.opening import UnreadableError, check_no_link
from ingest.files.pictures import is_still
from ingest.files.recording import open_recording
from ingest.files.resume import decode_resume_point
from ingest.files.stills import read_image
from ingest.log import set_up_log
from ingest.memory import TOO_MUCH, limit_memory
from ingest.pace import SECOND
from ingest.video_streams import StreamInfo

EVENTS_PER_REPORT = 1000  # that are written to the results between two reports
THREADS = 1  # of the networks: live sources need the other cores
NICE = 19
MEMORY = 2 * 1024**3  # bytes besides pictures; a recording of 640x360 needs 1.5 GB, one of 4K 1.6 GB

log = logging.getLogger(__name__)


class TaskRunner:
    """One attempt at a job, from its beginning or its last checkpoint to the results."""

    def __init__(self, task: ReadTask) -> None:
        self._task = task
        self._folder = JobFolder(Path(task.folder))
        self._stopping = False
        signal.signal(signal.SIGTERM, self._stop)

    def run(self) -> None:
        """Read the rest of the recording, write the results, and report the end.

        Raises JobError, UnreadableError, WriteFailedError and CardMismatchError.
        """
        try:
            self._resume(newest_checkpoint(self._folder.parts))
        except (BadCheckpointError, BadStateError, BadLineError) as error:  # an update must not end a job
            log.warning("%s; reading it from the beginning", error)
            delete_checkpoints(self._folder.parts)
            self._resume(None)

    def _resume(self, checkpoint: Checkpoint | None) -> None:
        self._progress = Progress(checkpoint.state if checkpoint else {})
        if checkpoint is None or checkpoint.state["facts"] is None:
            with write_errors(self._folder.path):
                checkpoint = self._read(checkpoint)
        facts = _decode_facts(checkpoint.state["facts"])
        self._write_results(checkpoint, facts)
        if facts.interrupted:
            self._progress.report(end="aborted")
        else:
            duration = facts.duration / SECOND
            self._progress.report(end="completed", duration=duration, reason=describe_damage(facts.damage))

    def discard(self) -> None:
        """Delete what this attempt wrote after its last checkpoint: the disk is full."""
        shutil.rmtree(self._folder.attempt_results(self._task.attempt), ignore_errors=True)
        delete_uncommitted(self._folder.parts, self._task.attempt)

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _read(self, before: Checkpoint | None) -> Checkpoint:
        """Read to the end of the recording; return the last checkpoint."""
        if is_still(Path(self._task.video)):
            return self._read_still()
        task, state = self._task, before.state if before else None
        loaded = _load_networks()
        resume = _decode_state(state) if state else None
        after = resume.decoding if resume else None
        with open_recording(Path(task.video), task.name, task.rate, after, task.display) as recording:
            check_no_link(Path(task.video))
            reader = RecordingReader(recording, task.name, loaded.networks, resume)
            writer = EventLogWriter(self._folder.parts, task.attempt, before)
            with closing(Recorder(writer, self._progress, task.name, state)) as recorder:
                self._record(reader, recorder)
                models, elapsed = dict(loaded.models), self._progress.elapsed
                return recorder.finish(asdict(video_facts(recording, reader, task.name, elapsed, models)))

    def _read_still(self) -> Checkpoint:
        """Read a still picture: all of it in one step."""
        task, loaded = self._task, _load_networks()
        still = read_image(Path(task.video), task.display)
        check_no_link(Path(task.video))
        events = still_events(still, task.name, Pipeline(loaded.networks, tracking=False))
        writer = EventLogWriter(self._folder.parts, task.attempt, None)
        with closing(Recorder(writer, self._progress, task.name, None)) as recorder:
            recorder.add(events, 0)
            facts = picture_facts(still, task.name, self._progress.elapsed, dict(loaded.models))
            return recorder.finish(asdict(facts))

    def _record(self, reader: RecordingReader, recorder: Recorder) -> None:
        for events in reader.steps(lambda: self._stopping):
            recorder.add(events, reader.position)
            if reader.position > self._task.max_duration * SECOND:
                raise JobError(f"a recording may last {self._task.max_duration:g} s; this one is longer")
            if recorder.checkpoint_is_due():
                self._check_disk()
                recorder.checkpoint(reader.state())
            self._progress.report()

    def _check_disk(self) -> None:
        if reason := shortage(self._folder.path, self._task.reserve):
            raise DiskFullError(reason)

    def _write_results(self, checkpoint: Checkpoint, facts: Facts) -> None:
        """Write the same files as a run without interruption."""
        folder = self._folder.attempt_results(self._task.attempt)
        with open_results(folder, stills=facts.kind == "picture") as results:
            lines = read_log(self._folder.parts, checkpoint, EVENTS)
            stored = (decode_stored(line, self._task.name) for line in lines)
            while events := list(islice(stored, EVENTS_PER_REPORT)):
                results.add(events)
                self._progress.report()
            results.close(facts)


def _load_networks() -> LoadedNetworks:
    settings = EngineSettings.read("detector", "precision")
    return load_file_networks(THREADS, settings.detector, precision=settings.precision)


def _decode_state(state: dict[str, Any]) -> ReaderState:
    return ReaderState(decode_resume_point(state["decoding"]), state["pipeline"].encode())


def _decode_facts(fields: dict[str, Any]) -> Facts:
    damage = tuple(Damage(**each) for each in fields["damage"])
    others = tuple(StreamInfo(**each) for each in fields["other_streams"])
    return Facts(**{**fields, "damage": damage, "other_streams": others})


def limit_resources(max_pixels: int) -> None:
    """Limit memory and priority: a file that needs too much fails before the machine's other work suffers."""
    limit_memory(MEMORY, max_pixels)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICE)


def main() -> int:
    task = ReadTask(**json.loads(sys.argv[1]))
    set_up_log()
    limit_resources(task.max_pixels)
    runner = TaskRunner(task)
    try:
        runner.run()
    except UnreadableError as error:
        report(end="error", reason=error.reason)
    except DiskFullError as error:
        runner.discard()
        report(end="waiting", reason=str(error).removeprefix(f"{task.folder}: "))
    except (JobError, WriteFailedError, CardMismatchError) as error:
        report(end="error", reason=str(error).removeprefix(f"{task.folder}: "))
    except MemoryError:
        report(end="error", reason=TOO_MUCH)
    return 0


if __name__ == "__main__":
    sys.exit(main())
