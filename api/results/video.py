"""One video, from file to folder of results."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from api.results.annotated import annotate_video
from api.results.files import open_results, write_errors
from api.results.summary import Facts
from engine.loading import Networks, load_networks
from engine.recording import RecordingReader
from engine.runtimes.registry import RuntimeName
from engine.runtimes.runtime import PrecisionName
from engine.settings import DetectorName
from ingest.files.damage import Damage
from ingest.files.recording import Recording, UnreadableError, open_recording
from ingest.pace import SECOND

REAL_TIME = "x real time"


class Watch(Protocol):
    """Receives the progress of the work, and may stop it."""

    def begin(self, stage: str, total: float, pace: str) -> None:
        """A pass over `total` seconds, or pictures, begins; `pace` says what one of them a second is."""

    def at(self, done: float) -> None:
        """So many seconds, or pictures, are done."""

    def stopped(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """Options of a run."""

    rate: float | None  # readings a second; None: every frame
    annotated: bool


@dataclass(frozen=True, slots=True)
class Loaded:
    """The networks, and which versions of them these are."""

    networks: Networks
    models: Mapping[str, str]
    overlapped: bool  # the detector runs ahead of the two ResNets


def load_all(
    threads: int,
    detector: DetectorName,
    runtime: RuntimeName = "onnx",
    precision: PrecisionName = "auto",
) -> Loaded:
    """The networks, to run in so many threads together, or on a GPU where an engine has built their plans.

    Two that run beside each other keep two cores busier than one after the other with two threads each.
    Raises CardMismatchError when one does not fit its card, NoGpuError where `runtime` asks for a GPU in
    vain.
    """
    networks = load_networks((threads + 1) // 2, detector, runtime, precision)
    if networks.accelerator is not None:
        networks.accelerator.use_built()
    return Loaded(networks, networks.versions, overlapped=threads > 1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one input."""

    summary: dict[str, Any]
    damage: tuple[Damage, ...]


class VideoReader:
    """Reads one video into one folder."""

    def __init__(self, path: Path, folder: Path, *, source: str, wanted: Wanted, watch: Watch) -> None:
        self._path = path
        self._folder = folder
        self._source = source
        self._wanted = wanted
        self._watch = watch

    @contextmanager
    def opened(self) -> Iterator[Recording]:
        """Raises UnreadableError where not one picture is to be had."""
        with open_recording(self._path, self._source, self._wanted.rate) as recording:
            if recording.frames_decoded == 0:
                raise UnreadableError(self._path, "no picture in it can be decoded")
            yield recording

    def read(self, recording: Recording, loaded: Loaded) -> Outcome:
        """Writes the tables, the summary and the report. Raises WriteFailedError."""
        started = time.monotonic()
        reader = RecordingReader(recording, self._source, loaded.networks, overlapped=loaded.overlapped)
        with open_results(self._folder) as results:
            self._watch.begin("", recording.duration / SECOND, REAL_TIME)
            for events in reader.steps(self._watch.stopped):
                results.add(events)
                self._watch.at(reader.position / SECOND)
            facts = Facts(
                source=self._source,
                kind="video",
                duration=reader.position,
                width=recording.width,
                height=recording.height,
                frames_decoded=recording.frames_decoded,
                rate=self._wanted.rate,
                elapsed=time.monotonic() - started,
                models=loaded.models,
                damage=tuple(recording.damage),
                interrupted=reader.interrupted,
            )
            return Outcome(results.close(facts), facts.damage)

    def annotate(self, outcome: Outcome) -> Path:
        """Writes the annotated video from the finished tables. Raises WriteFailedError."""
        self._watch.begin("drawing", outcome.summary["duration"], REAL_TIME)
        with write_errors(self._folder):
            return annotate_video(
                self._path,
                self._folder,
                self._wanted.rate,
                at=lambda media_time: self._watch.at(media_time / SECOND),
                stopped=self._watch.stopped,
            )
