"""Reads still pictures, one or a folder of them, into a folder of results: a face is a reading at time 0."""

import time
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from api.results.annotated import annotation_of
from api.results.files import ResultFiles, open_results, write_errors
from api.results.networks import LoadedNetworks
from api.results.progress import ProgressListener, ReadOptions, ReadResult
from api.results.summary import Facts, still_damage
from engine.drawing.annotate import Annotator
from engine.pipeline import Pipeline
from engine.recording import still_events
from engine.records import Coverage, Event, Reading
from ingest.files.damage import Damage
from ingest.files.opening import UnreadableError
from ingest.files.stills import Still, read_image, write_image, written_suffix
from ingest.plain_name import unused_name
from ingest.printable import printable

Stills = Iterator[tuple[Path, Still]]


class StillsReader:
    """Reads pictures one after the other; unreadable ones are collected and skipped."""

    def __init__(
        self,
        paths: Sequence[Path],
        folder: Path,
        source: str,
        options: ReadOptions,
        listener: ProgressListener,
    ) -> None:
        self.unreadable: list[UnreadableError] = []
        self.left_out: list[str] = []  # a line for each file of several pages
        self._paths = paths
        self._folder = folder
        self._source = source
        self._options = options
        self._listener = listener
        self._interrupted = False
        self._damage: list[Damage] = []
        self._sizes: list[tuple[int, int]] = []  # the first two sizes that differ
        self._decoded = 0
        self._annotated: set[str] = set()  # names of pictures

    def open(self) -> Stills | None:
        """Return the readable pictures in order; None if there is none."""
        stills = self._readable()
        first = next(stills, None)
        return None if first is None else chain([first], stills)

    def _readable(self) -> Stills:
        for path in self._paths:
            if self._listener.stopped():
                self._interrupted = True
                return
            try:
                yield path, read_image(path, self._options.display)
            except UnreadableError as error:
                self.unreadable.append(error)

    def read(self, stills: Stills, loaded: LoadedNetworks) -> ReadResult:
        """Read the pictures and write all results. Raises WriteFailedError."""
        started = time.monotonic()
        pipeline = Pipeline(loaded.networks, tracking=False)
        with open_results(self._folder, stills=True) as results:
            if len(self._paths) > 1:
                self._listener.start_stage("", len(self._paths), " pictures a second")
            for path, still in stills:
                events = self._events(path, still, pipeline)
                results.add(events)
                if self._options.annotated:
                    self._annotate(path, still, events)
                self._listener.advance(self._decoded + len(self.unreadable))
            self._add_unreadable(results)
            facts = self._facts(time.monotonic() - started, loaded)
            return ReadResult(results.close(facts), tuple(self._damage))

    def _events(self, path: Path, still: Still, pipeline: Pipeline) -> list[Event]:
        source = printable(path.name)
        self._damage += still_damage(still, source)
        if still.left_out:
            self.left_out.append(f"{path}: left out: {still.left_out} more pages or pictures of this file")
        size = (still.colour.shape[1], still.colour.shape[0])
        if size not in self._sizes and len(self._sizes) < 2:
            self._sizes.append(size)
        self._decoded += 1
        return still_events(still, source, pipeline)

    def _annotate(self, path: Path, still: Still, events: list[Event]) -> None:
        faces = [annotation_of(event) for event in events if isinstance(event, Reading)]
        Annotator().draw(still.colour, faces)
        single = len(self._paths) == 1
        suffix = written_suffix(path)
        folder = self._folder if single else self._folder / "annotated"
        target = folder / unused_name("annotated" if single else path.stem, suffix, self._annotated)
        with write_errors(self._folder):
            folder.mkdir(exist_ok=True)
            write_image(target, still.colour)

    def _add_unreadable(self, results: ResultFiles) -> None:
        """Count unreadable pictures in the coverage, like any other."""
        results.add(
            Coverage(printable(error.path.name), "decode_error", 0, 0, None, None, frames=1)
            for error in self.unreadable
        )

    def _facts(self, elapsed: float, loaded: LoadedNetworks) -> Facts:
        unread = [Damage(0, 0, f"{printable(e.path.name)}: {e.reason}") for e in self.unreadable]
        width, height = self._sizes[0] if len(self._sizes) == 1 else (None, None)
        return Facts(
            source=self._source,
            kind="pictures" if len(self._paths) > 1 else "picture",
            duration=0,
            width=width,
            height=height,
            frames_decoded=self._decoded,
            rate=None,
            elapsed=elapsed,
            models=loaded.models,
            damage=(*self._damage, *unread),
            interrupted=self._interrupted,
        )
