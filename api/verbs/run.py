"""`mien run`: recordings and still pictures to folders of results, without a server."""

import argparse
import functools
import json
import os
import sys
from pathlib import Path
from typing import Any

from api.results.files import WriteFailedError
from api.results.names import printable
from api.results.pictures import PicturesReader
from api.results.summary import describe_damage
from api.results.video import Loaded, Outcome, VideoReader, Wanted, load_all
from api.verbs.inputs import Work, works
from api.verbs.interruption import Stopping
from api.verbs.progress import Progress
from engine.card import CardMismatchError
from engine.runtimes.runtime import GpuError
from engine.settings import DetectorName, EngineSettings
from ingest.environment import SettingError
from ingest.files.recording import UnreadableError

FAILED = 1  # results could not be written, or the networks not be loaded
UNREADABLE = 2  # an input could not be read at all; the others were
DAMAGED = 3  # an input was damaged: what was good of it was read


def run(arguments: argparse.Namespace) -> int:
    """Reads all inputs; gives the exit code."""
    out: Path = arguments.out
    if out.exists() and not out.is_dir():
        complain(f"{out}: expected a folder for the results, found a file")
        return UNREADABLE
    with Stopping() as stopping:
        try:
            code = Command(arguments, stopping).run()
        except (WriteFailedError, CardMismatchError, SettingError, GpuError) as error:
            complain(str(error))
            return FAILED
        if stopping.requested():
            complain(f"stopped; what was read until then is in {out}")
            return stopping.exit_code
    return code


class Command:
    """One call of `mien run`."""

    def __init__(self, arguments: argparse.Namespace, stopping: Stopping) -> None:
        self._inputs: list[Path] = arguments.inputs
        self._out: Path = arguments.out
        self._json: bool = arguments.json
        self._wanted = Wanted(rate=arguments.rate, annotated=arguments.video)
        self._threads: int = arguments.threads or len(os.sched_getaffinity(0))
        self._detector: DetectorName = arguments.detector or EngineSettings.read("detector").detector
        settings = EngineSettings.read("runtime", "precision")
        self._runtime, self._precision = settings.runtime, settings.precision
        self._stopping = stopping
        self._codes: set[int] = set()
        self._summaries: list[dict[str, Any]] = []

    def run(self) -> int:
        try:
            for work in works(self._inputs):
                if self._stopping.requested():
                    break
                outcome = self._pictures(work) if work.pictures else self._video(work)
                if outcome is not None:
                    self._conclude(work, outcome)
        finally:
            if self._json:
                self._print_json()
        return min(self._codes, default=0)

    def _video(self, work: Work) -> Outcome | None:
        path, folder = work.paths[0], self._out / work.folder
        with Watching(work.name, self._stopping) as watch:
            reader = VideoReader(path, folder, source=work.name, wanted=self._wanted, watch=watch)
            outcome = None
            try:
                with reader.opened() as recording:
                    outcome = reader.read(recording, self._loaded)
                if self._wanted.annotated and not self._stopping.requested():
                    reader.annotate(outcome)
            except UnreadableError as error:
                self._fault(UNREADABLE, error)
        return outcome

    def _pictures(self, work: Work) -> Outcome | None:
        if not work.paths:
            self._fault(UNREADABLE, f"{work.given}: no videos or pictures in this folder")
        with Watching(work.name, self._stopping) as watch:
            reader = PicturesReader(
                work.paths, self._out / work.folder, source=work.name, wanted=self._wanted, watch=watch
            )
            pictures = reader.opened()
            outcome = None if pictures is None else reader.read(pictures, self._loaded)
        for error in reader.unreadable:
            self._fault(UNREADABLE, error)
        return outcome

    @functools.cached_property
    def _loaded(self) -> Loaded:
        """The networks, once for all inputs, and not before there is something to read."""
        return load_all(self._threads, self._detector, self._runtime, self._precision)

    def _conclude(self, work: Work, outcome: Outcome) -> None:
        self._summaries.append(outcome.summary)
        if outcome.damage:
            self._fault(DAMAGED, f"{work.given}: {describe_damage(outcome.damage)}")
        if not self._json:
            print(in_one_line(outcome.summary, self._out / work.folder), flush=True)

    def _fault(self, code: int, message: object) -> None:
        self._codes.add(code)
        complain(str(message))

    def _print_json(self) -> None:
        single = len(self._summaries) == 1 and len(works(self._inputs)) == 1
        printed = self._summaries[0] if single else self._summaries
        print(json.dumps(printed, indent=2, ensure_ascii=False), flush=True)


class Watching:
    """Shows the passes of one input, and hands on the wish to stop."""

    def __init__(self, name: str, stopping: Stopping) -> None:
        self._name = name
        self._stopping = stopping
        self._progress: Progress | None = None

    def begin(self, stage: str, total: float, pace: str) -> None:
        self._end()
        self._progress = Progress(f"{self._name} ({stage})" if stage else self._name, total, pace)

    def at(self, done: float) -> None:
        if self._progress is not None:
            self._progress.at(done)

    def stopped(self) -> bool:
        return self._stopping.requested()

    def _end(self) -> None:
        if self._progress is not None:
            self._progress.close()

    def __enter__(self) -> "Watching":
        return self

    def __exit__(self, *exception: object) -> None:
        self._end()


def in_one_line(summary: dict[str, Any], folder: Path) -> str:
    faces, readings = summary["faces"], summary["readings"]
    speed = f", {summary['speed']} x real time" if summary["speed"] else ""
    return (
        f"{summary['source']}: {faces} {'face' if faces == 1 else 'faces'}, {readings} readings{speed}"
        f" -> {printable(str(folder))}"
    )


def complain(message: str) -> None:
    """One line on standard error."""
    print(f"mien: {printable(message)}", file=sys.stderr, flush=True)
