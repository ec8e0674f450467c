"""Reads one recording for a job: `python -m api.jobs.reading ORDER`, in a process of its own.

It knows nothing of Redis. It tells its parent how it fares, a JSON object a line on its standard output, and
goes on from the last checkpoint in the folder. SIGTERM has it conclude with what it has read so far.
"""

import json
import logging
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from api.jobs.folder import JobFolder
from api.jobs.order import Order
from api.jobs.parts import (
    BadCheckpointError,
    Checkpoint,
    PartsWriter,
    newest_checkpoint,
    stored_lines,
)
from api.results.folder import WriteFailedError, writing, written_to
from api.results.recorded import load_all
from api.results.summary import Facts
from engine.card import CardMismatchError
from engine.pipeline import BadStateError
from engine.recording import ReaderState, RecordingReader
from engine.records import Coverage, Event, FaceStart, Reading, Span
from engine.rollup import Rollup
from engine.stored import BadLineError, decode_stored, encode_stored
from engine.wire import encode_event, encode_seconds
from ingest.bus import TimelineEntry
from ingest.damage import Damage
from ingest.pace import SECOND
from ingest.resume import decode_resume
from ingest.sources import Recording, UnreadableError, open_recording

CHECKPOINT_EVERY = 5 * SECOND  # ns of the recording, and
CHECKPOINT_AFTER = 2.0  # seconds of work, whichever is first
TOLD_EVERY = 0.25  # seconds
EVENTS_AT_ONCE = 1000  # that are written into the results between two signs of life
THREADS = 1  # for the networks: what is live needs the others
NICE = 19

log = logging.getLogger(__name__)


class StoppedError(Exception):
    """The job cannot go on; the message is one line for its owner."""


class Progress:
    """What the parent hears, and how much of the job is certain."""

    def __init__(self, state: dict[str, Any]) -> None:
        self.faces: int = state.get("faces", 0)
        self.readings: int = state.get("readings", 0)
        self.position: int = state.get("position", 0)  # ns
        self._worked: float = state.get("elapsed", 0.0)  # seconds, before this attempt
        self._began = time.monotonic()
        self._told = 0.0

    @property
    def elapsed(self) -> float:
        return self._worked + time.monotonic() - self._began

    def count(self, event: Event) -> None:
        self.faces += isinstance(event, FaceStart)
        self.readings += isinstance(event, Reading)

    def tell(self, **more: Any) -> None:
        """At most each TOLD_EVERY seconds, but at once where there is more to say."""
        if not more and time.monotonic() - self._told < TOLD_EVERY:
            return
        self._told = time.monotonic()
        said = {"position": self.position / SECOND, "faces": self.faces, "readings": self.readings}
        tell(**said, **more)


def tell(**word: Any) -> None:
    print(json.dumps(word), flush=True)


class Job:
    """One attempt at a job."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._folder = JobFolder(Path(order.folder))
        self._stopping = False
        signal.signal(signal.SIGTERM, self._stop)

    def run(self) -> None:
        """Reads what is still to be read, writes the results, and tells how it ended.

        Raises StoppedError, UnreadableError, WriteFailedError, and what a damaged checkpoint raises.
        """
        before = newest_checkpoint(self._folder.parts)
        self._progress = Progress(before.state if before else {})
        if before is None or before.state["facts"] is None:
            with writing(self._folder.path):
                before = self._read(before)
        facts = _facts(before.state["facts"])
        self._write(before, facts)
        self._progress.tell(end="aborted" if facts.interrupted else "completed")

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _read(self, before: Checkpoint | None) -> Checkpoint:
        order, state = self._order, before.state if before else None
        loaded = load_all(THREADS)
        after = _reader_state(state) if state else None
        video = Path(order.video)
        with open_recording(video, order.name, order.rate, after.decoding if after else None) as recording:
            if recording.frames_decoded == 0 and after is None:
                raise UnreadableError(video, "no picture in it can be decoded")
            reader = RecordingReader(recording, order.name, loaded.networks, after)
            rollup = _rollup(order.name, state)
            writer = PartsWriter(self._folder.parts, order.attempt, before)
            with closing(Recorder(writer, rollup, self._progress)) as recorder:
                self._steps(reader, recording, recorder)
                return recorder.conclude(self._known(reader, recording, loaded.models))

    def _steps(self, reader: RecordingReader, recording: Recording, recorder: "Recorder") -> None:
        tell(duration=recording.duration / SECOND, width=recording.width, height=recording.height)
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
        with written_to(folder) as results:
            for events in _in_groups(self._events(checkpoint)):
                results.add(events)
                self._progress.tell()
            results.close(facts)

    def _events(self, checkpoint: Checkpoint) -> Iterator[Event]:
        for line in stored_lines(self._folder.parts, checkpoint, "events"):
            yield decode_stored(line, self._order.name)


class Recorder:
    """Keeps events in the parts, and makes them certain from time to time."""

    def __init__(self, writer: PartsWriter, rollup: Rollup, progress: Progress) -> None:
        self._writer = writer
        self._rollup = rollup
        self._progress = progress
        self._certain = progress.position  # ns
        self._certain_at = time.monotonic()

    def add(self, events: list[Event], position: int) -> None:
        """The events of a few frames, the last of them at `position` (ns)."""
        for event in events:
            self._progress.count(event)
            self._writer.add("events", encode_stored(event))
            match event:
                case Reading():
                    self._keep("seconds", encode_seconds(self._rollup.add(event)))
                case Span() | Coverage():
                    self._keep("stretches", [encode_event(event)])
        self._progress.position = position

    def is_due(self) -> bool:
        """Whether so much was read that it would be a pity to read it again."""
        read = self._progress.position - self._certain
        return read >= CHECKPOINT_EVERY or time.monotonic() - self._certain_at >= CHECKPOINT_AFTER

    def checkpoint(self, state: ReaderState) -> None:
        self._commit(
            decoding=state.decoding.to_json(),
            pipeline=state.pipeline.decode(),
            rollup=self._rollup.state().decode(),
            facts=None,
        )
        self._progress.tell(certain=self._certain / SECOND)

    def conclude(self, facts: dict[str, Any]) -> Checkpoint:
        """Nothing more will be read."""
        self._keep("seconds", encode_seconds(self._rollup.flush()))
        return self._commit(facts=facts)

    def close(self) -> None:
        self._writer.close()

    def _keep(self, kind: str, entries: Iterable[TimelineEntry]) -> None:
        for entry in entries:
            self._writer.add(kind, entry.body + b"\n")

    def _commit(self, **state: Any) -> Checkpoint:
        progress = self._progress
        self._certain, self._certain_at = progress.position, time.monotonic()
        return self._writer.commit(
            {
                "position": progress.position,
                "faces": progress.faces,
                "readings": progress.readings,
                "elapsed": progress.elapsed,
                **state,
            }
        )


def _reader_state(state: dict[str, Any]) -> ReaderState:
    return ReaderState(decode_resume(state["decoding"]), state["pipeline"].encode())


def _rollup(name: str, state: dict[str, Any] | None) -> Rollup:
    return Rollup.restored(name, state["rollup"].encode()) if state else Rollup(name)


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


def main() -> int:
    order = Order(**json.loads(sys.argv[1]))
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    os.nice(NICE)
    try:
        Job(order).run()
    except UnreadableError as error:
        tell(end="error", reason=error.reason)
    except (StoppedError, WriteFailedError, CardMismatchError) as error:
        tell(end="error", reason=str(error).removeprefix(f"{order.folder}: "))
    except (BadCheckpointError, BadStateError, BadLineError, ValueError, KeyError) as error:
        log.exception("job in %s", order.folder)
        tell(end="error", reason=f"cannot go on from the last checkpoint: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
