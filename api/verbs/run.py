"""`mien run`: reads videos and still pictures into folders of results, without a server."""

import argparse
import functools
import os
from contextlib import closing
from pathlib import Path
from typing import Any

from api.results.files import WriteFailedError
from api.results.networks import LoadedNetworks, load_file_networks
from api.results.progress import ReadOptions, ReadResult
from api.results.stills import StillsReader
from api.results.summary import describe_damage
from api.results.video import VideoReader
from api.verbs.inputs import Input, describe_left_out, find_inputs, is_live
from api.verbs.interruption import Interruption
from api.verbs.output import print_error, print_json
from api.verbs.progress import Progress
from engine.card import CardMismatchError
from engine.runtimes.runtime import GpuError
from engine.settings import DetectorName, EngineSettings
from ingest.environment import SettingError
from ingest.files.opening import UnreadableError
from ingest.picture.options import DisplayOptions
from ingest.printable import printable
from ingest.settings import IngestSettings

# Exit codes.
FAILED = 1  # the results could not be written, or the networks not be loaded
UNREADABLE = 2  # an input could not be read at all; the others were
DAMAGED = 3  # an input was damaged; its good parts were read

MEMORY_ADVICE = "close other programs, or raise `ulimit -v` or the memory of the container"


def run(arguments: argparse.Namespace) -> int:
    """Read all inputs; return the exit code."""
    out: Path = arguments.out
    if (stream := next((str(each) for each in arguments.inputs if is_live(str(each))), None)) is not None:
        kind = stream.partition(":")[0]
        print_error(
            f"{kind} is a live source, not a file: start `mien serve`, then `mien sources add ADDRESS`"
        )
        return UNREADABLE
    if out.exists() and not out.is_dir():
        print_error(f"{out} is a file: --out must be a folder")
        return UNREADABLE
    with Interruption() as interruption:
        try:
            code = RunCommand(arguments, interruption).run()
        except (WriteFailedError, CardMismatchError, SettingError, GpuError) as error:
            print_error(error)
            return FAILED
        if interruption.requested():
            print_error(f"stopped; the results so far are in {out}")
            return interruption.exit_code
    return code


class RunCommand:
    """One call of `mien run`."""

    def __init__(self, arguments: argparse.Namespace, interruption: Interruption) -> None:
        self._paths: list[Path] = arguments.inputs
        self._inputs = find_inputs(self._paths)
        self._out: Path = arguments.out
        self._json: bool = arguments.json
        self._options = ReadOptions(
            arguments.rate,
            annotated=arguments.video,
            display=DisplayOptions(
                arguments.turn, arguments.aspect, arguments.stream, IngestSettings.read("pixels").pixels
            ),
        )
        self._threads: int = arguments.threads or len(os.sched_getaffinity(0))
        self._detector: DetectorName = arguments.detector or EngineSettings.read("detector").detector
        settings = EngineSettings.read("runtime", "precision")
        self._runtime, self._precision = settings.runtime, settings.precision
        self._interruption = interruption
        self._codes: set[int] = set()
        self._summaries: list[dict[str, Any]] = []

    def run(self) -> int:
        for path in self._paths:
            if left_out := describe_left_out(path):
                print_error(f"{path}: left out: {left_out}")
        try:
            for each in self._inputs:
                if self._interruption.requested():
                    break
                result = self._read(each)
                if result is not None:
                    self._report(each, result)
        finally:
            if self._json:
                single = len(self._summaries) == len(self._inputs) == 1
                print_json(self._summaries[0] if single else self._summaries)
        return min(self._codes, default=0)

    def _read(self, each: Input) -> ReadResult | None:
        try:
            return self._read_stills(each) if each.stills else self._read_video(each)
        except MemoryError:
            self._fail(FAILED, f"{each.path}: needs more memory than this process may have: {MEMORY_ADVICE}")
            return None

    def _read_video(self, video: Input) -> ReadResult | None:
        with closing(RunProgress(video.name, self._interruption)) as listener:
            folder = self._out / video.folder
            reader = VideoReader(video.files[0], folder, video.name, self._options, listener)
            result = None
            try:
                with reader.open() as recording:
                    result = reader.read(recording, self._networks)
                if self._options.annotated and not self._interruption.requested():
                    reader.annotate(result)
            except UnreadableError as error:
                self._fail(UNREADABLE, error)
        return result

    def _read_stills(self, stills: Input) -> ReadResult | None:
        if not stills.files:
            self._fail(UNREADABLE, f"{stills.path}: no videos or pictures in this folder")
        with closing(RunProgress(stills.name, self._interruption)) as listener:
            folder = self._out / stills.folder
            reader = StillsReader(stills.files, folder, stills.name, self._options, listener)
            readable = reader.open()
            result = None if readable is None else reader.read(readable, self._networks)
        for error in reader.unreadable:
            self._fail(UNREADABLE, error)
        for note in reader.left_out:
            print_error(note)
        return result

    @functools.cached_property
    def _networks(self) -> LoadedNetworks:
        """Networks for all inputs, loaded with the first readable one."""
        return load_file_networks(self._threads, self._detector, self._runtime, self._precision)

    def _report(self, each: Input, result: ReadResult) -> None:
        self._summaries.append(result.summary)
        if result.damage:
            self._fail(DAMAGED, f"{each.path}: {describe_damage(result.damage)}")
        if not self._json:
            print(summary_line(result.summary, self._out / each.folder), flush=True)

    def _fail(self, code: int, message: object) -> None:
        self._codes.add(code)
        print_error(message)


class RunProgress:
    """Shows the stages of one input, and stops its reader after an interruption."""

    def __init__(self, name: str, interruption: Interruption) -> None:
        self._name = name
        self._interruption = interruption
        self._stage: Progress | None = None

    def start_stage(self, name: str, total: float, unit: str) -> None:
        self.close()
        self._stage = Progress(f"{self._name} ({name})" if name else self._name, total, unit)

    def advance(self, done: float) -> None:
        if self._stage is not None:
            self._stage.advance(done)

    def stopped(self) -> bool:
        return self._interruption.requested()

    def close(self) -> None:
        if self._stage is not None:
            self._stage.close()


def summary_line(summary: dict[str, Any], folder: Path) -> str:
    faces, readings = summary["faces"], summary["readings"]
    speed = f", {summary['speed']} x real time" if summary["speed"] else ""
    return (
        f"{summary['source']}: {faces} {'face' if faces == 1 else 'faces'}, {readings} readings{speed}"
        f" -> {printable(str(folder))}"
    )
