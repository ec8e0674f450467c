"""Reads one recording for a job: `python -m api.jobs.reading ORDER`, in a process of its own.

It knows nothing of Redis. It tells its parent how it fares, a JSON object a line on its standard output, and
goes on from the last checkpoint in the folder. SIGTERM has it conclude with what it has read so far.
"""

import json
import logging
import os
import resource
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from api.jobs.event_log import (
    BadCheckpointError,
    Checkpoint,
    PartsWriter,
    forget_checkpoints,
    newest_checkpoint,
    stored_lines,
)
from api.jobs.folder import JobFolder
from api.jobs.progress import Progress, tell
from api.jobs.read_task import ReadTask
from api.jobs.recorder import Recorder
from api.results.files import WriteFailedError, open_results, write_errors
from api.results.summary import Facts, damage_in_words
from api.results.video import load_all
from engine.card import CardMismatchError
from engine.pipeline import BadStateError
from engine.recording import ReaderState, RecordingReader
from engine.records import Event
from engine.settings import EngineSettings
from engine.stored import BadLineError, decode_stored
from ingest.files.damage import Damage
from ingest.files.recording import Recording, UnreadableError, open_recording
from ingest.files.resume import decode_resume
from ingest.pace import SECOND

EVENTS_AT_ONCE = 1000  # that are written into the results between two signs of life
THREADS = 1  # for the networks: what is live needs the others
NICE = 19
MEMORY = 4 * 1024**3  # bytes that may be asked for; a recording of 640x360 asks for 1.5 GB, one of 4K for 1.6

log = logging.getLogger(__name__)


class StoppedError(Exception):
    """The job cannot go on; the message is one line for its owner."""


class Run:
    """One attempt at a job, from its beginning or its last checkpoint to the results."""

    def __init__(self, order: ReadTask) -> None:
        self._order = order
        self._folder = JobFolder(Path(order.folder))
        self._stopping = False
        signal.signal(signal.SIGTERM, self._stop)

    def run(self) -> None:
        """Reads what is still to be read, writes the results, and tells how it ended.

        Raises StoppedError, UnreadableError, WriteFailedError and CardMismatchError.
        """
        try:
            self._go_on(newest_checkpoint(self._folder.parts))
        except (BadCheckpointError, BadStateError, BadLineError) as error:  # an update must not end a job
            log.warning("%s; reading it anew", error)
            forget_checkpoints(self._folder.parts)
            self._go_on(None)

    def _go_on(self, before: Checkpoint | None) -> None:
        self._progress = Progress(before.state if before else {})
        if before is None or before.state["facts"] is None:
            with write_errors(self._folder.path):
                before = self._read(before)
        facts = _facts(before.state["facts"])
        self._write(before, facts)
        if facts.interrupted:
            self._progress.tell(end="aborted")
        else:
            duration = facts.duration / SECOND
            self._progress.tell(end="completed", duration=duration, reason=damage_in_words(facts.damage))

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _read(self, before: Checkpoint | None) -> Checkpoint:
        order, state = self._order, before.state if before else None
        settings = EngineSettings.read("detector", "precision")
        loaded = load_all(THREADS, settings.detector, precision=settings.precision)
        after = _reader_state(state) if state else None
        video = Path(order.video)
        with open_recording(video, order.name, order.rate, after.decoding if after else None) as recording:
            if recording.frames_decoded == 0 and after is None:
                raise UnreadableError(video, "no picture in it can be decoded")
            reader = RecordingReader(recording, order.name, loaded.networks, after)
            writer = PartsWriter(self._folder.parts, order.attempt, before)
            with closing(Recorder(writer, self._progress, order.name, state)) as recorder:
                self._steps(reader, recording, recorder)
                return recorder.conclude(self._known(reader, recording, loaded.models))

    def _steps(self, reader: RecordingReader, recording: Recording, recorder: Recorder) -> None:
        for events in reader.steps(lambda: self._stopping):
            recorder.add(events, reader.position)
            if reader.position > self._order.longest * SECOND:
                raise StoppedError(f"expected at most {self._order.longest:g} s of video, actual more")
            if recorder.is_due():
                self._check_disk()
                recorder.checkpoint(reader.state())
            self._progress.tell()

    def _check_disk(self) -> None:
        reserve, free = self._order.reserve, shutil.disk_usage(self._folder.path).free
        if free < reserve:
            raise StoppedError(
                f"the disk is full: expected {reserve / 1e6:.0f} MB free, actual {free / 1e6:.0f} MB"
            )

    def _known(self, reader: RecordingReader, recording: Recording, models: Any) -> dict[str, Any]:
        return asdict(
            Facts(
                source=self._order.name,
                kind="video",
                duration=reader.position,
                width=recording.width,
                height=recording.height,
                frames_decoded=recording.frames_decoded,
                rate=self._order.rate,
                elapsed=self._progress.elapsed,
                models=dict(models),
                damage=tuple(recording.damage),
                interrupted=reader.interrupted,
            )
        )

    def _write(self, checkpoint: Checkpoint, facts: Facts) -> None:
        """The files as an unbroken run over the recording writes them."""
        folder = self._folder.unfinished(self._order.attempt)
        with open_results(folder) as results:
            for events in _in_groups(self._events(checkpoint)):
                results.add(events)
                self._progress.tell()
            results.close(facts)

    def _events(self, checkpoint: Checkpoint) -> Iterator[Event]:
        for line in stored_lines(self._folder.parts, checkpoint, "events"):
            yield decode_stored(line, self._order.name)


def _reader_state(state: dict[str, Any]) -> ReaderState:
    return ReaderState(decode_resume(state["decoding"]), state["pipeline"].encode())


def _facts(fields: dict[str, Any]) -> Facts:
    damage = tuple(Damage(**each) for each in fields["damage"])
    return Facts(**{**fields, "damage": damage})


def _in_groups(events: Iterator[Event]) -> Iterator[list[Event]]:
    group: list[Event] = []
    for event in events:
        group.append(event)
        if len(group) == EVENTS_AT_ONCE:
            yield group
            group = []
    yield group


def limit() -> None:
    """A file that needs more than this is refused rather than that the machine's other work suffers."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICE)


def main() -> int:
    order = ReadTask(**json.loads(sys.argv[1]))
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    limit()
    try:
        Run(order).run()
    except UnreadableError as error:
        tell(end="error", reason=error.reason)
    except (StoppedError, WriteFailedError, CardMismatchError) as error:
        tell(end="error", reason=str(error).removeprefix(f"{order.folder}: "))
    return 0


if __name__ == "__main__":
    sys.exit(main())
