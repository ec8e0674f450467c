"""Still pictures, one or a folder of them, to one folder of results: each face a reading at time 0."""

import time
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from api.results.annotated import mark_of
from api.results.files import ResultFiles, open_results, write_errors
from api.results.names import printable
from api.results.summary import Facts
from api.results.video import Loaded, Outcome, Wanted, Watch
from engine.drawing.annotate import Annotator
from engine.pipeline import Pipeline
from engine.records import Coverage, Event, Reading
from ingest.files.damage import Damage
from ingest.files.recording import UnreadableError
from ingest.files.stills import Still, read_image, still_frame, write_image

Pictures = Iterator[tuple[Path, Still]]


class PicturesReader:
    """Reads pictures one after the other; what cannot be read is remembered and passed over."""

    def __init__(
        self, paths: Sequence[Path], folder: Path, *, source: str, wanted: Wanted, watch: Watch
    ) -> None:
        self.unreadable: list[UnreadableError] = []
        self._paths = paths
        self._folder = folder
        self._source = source
        self._wanted = wanted
        self._watch = watch
        self._interrupted = False
        self._damage: list[Damage] = []
        self._sizes: list[tuple[int, int]] = []  # one, unless they differ
        self._decoded = 0

    def opened(self) -> Pictures | None:
        """The pictures that can be read, in order; None where there is not one."""
        pictures = self._readable()
        first = next(pictures, None)
        return None if first is None else chain([first], pictures)

    def _readable(self) -> Pictures:
        for path in self._paths:
            if self._watch.stopped():
                self._interrupted = True
                return
            try:
                yield path, read_image(path)
            except UnreadableError as error:
                self.unreadable.append(error)

    def read(self, pictures: Pictures, loaded: Loaded) -> Outcome:
        """Writes all results, annotated pictures too where wanted. Raises WriteFailedError."""
        started = time.monotonic()
        pipeline = Pipeline(loaded.networks, tracking=False)
        with open_results(self._folder, pictures=True) as results:
            if len(self._paths) > 1:
                self._watch.begin("", len(self._paths), " pictures a second")
            for path, still in pictures:
                events = self._one(path, still, pipeline)
                results.add(events)
                if self._wanted.annotated:
                    self._annotate(path, still, events)
                self._watch.at(self._decoded + len(self.unreadable))
            self._tell_unreadable(results)
            return Outcome(
                results.close(self._facts(time.monotonic() - started, loaded)), tuple(self._damage)
            )

    def _one(self, path: Path, still: Still, pipeline: Pipeline) -> list[Event]:
        source = printable(path.name)
        if still.damaged:
            self._damage.append(Damage(0, 0, f"{source}: damaged picture"))
        size = (still.colour.shape[1], still.colour.shape[0])
        if size not in self._sizes and len(self._sizes) < 2:
            self._sizes.append(size)
        self._decoded += 1
        told = pipeline.step([still_frame(still, source)])
        return [*chain.from_iterable(told), *pipeline.finish(source, 0)]

    def _annotate(self, path: Path, still: Still, events: list[Event]) -> None:
        marks = [mark_of(event) for event in events if isinstance(event, Reading)]
        Annotator().draw(still.colour, marks)
        alone = len(self._paths) == 1
        target = self._folder / (f"annotated{path.suffix}" if alone else f"annotated/{path.name}")
        with write_errors(self._folder):
            target.parent.mkdir(exist_ok=True)
            write_image(target, still.colour)

    def _tell_unreadable(self, results: ResultFiles) -> None:
        """A picture that cannot be read counts in the coverage like any other."""
        results.add(
            Coverage(printable(error.path.name), "decode_error", 0, 0, None, None, frames=1)
            for error in self.unreadable
        )

    def _facts(self, elapsed: float, loaded: Loaded) -> Facts:
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
