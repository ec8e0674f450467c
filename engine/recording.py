"""One recording through the pipeline: decoding runs a few frames ahead in a thread of its own."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from queue import Empty, Queue
from threading import Event as Flag
from threading import Thread
from types import TracebackType
from typing import Generic, Self, TypeVar

from engine.pipeline import Networks, Pipeline
from engine.records import Event
from ingest.resume import Resume, resume_from
from ingest.sources import Marked, Recording

BATCH = 8  # frames that go through the detector at once
LONGEST_BATCH = 4.0  # seconds of the recording at most: so much is read again at least after a break
AHEAD = 2 * BATCH  # frames decoded ahead; half a megabyte each at most

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class ReaderState:
    """Where a reader stood between two batches, for another one to go on in its place."""

    decoding: Resume
    pipeline: bytes  # Pipeline.state


def batch_of(rate: float | None) -> int:
    """Frames that go through the detector at once where `rate` are read a second."""
    return BATCH if rate is None else max(1, min(BATCH, int(LONGEST_BATCH * rate)))


class RecordingReader:
    """Reads a recording once: frames never dropped, events in order, nothing kept."""

    def __init__(
        self, recording: Recording, source: str, networks: Networks, after: ReaderState | None = None
    ) -> None:
        """With `after` the recording was opened to go on behind that state. Raises BadStateError."""
        self._recording = recording
        self._source = source
        self._pipeline = Pipeline(networks)
        self._batch: list[Marked] = []  # the newest
        self.position = 0  # ns; the newest frame read
        self.interrupted = False
        if after is not None:
            self._pipeline.restore(source, after.pipeline)
            self.position = after.decoding.mark.media_time

    def steps(self, stopped: Callable[[], bool]) -> Iterator[list[Event]]:
        """The events of a few frames at a time, and at the end those that end the source.

        Where `stopped` answers yes, what is open is ended at the newest frame.
        """
        with DecodeAhead(self._recording.marked(), AHEAD) as ahead:
            for batch in ahead.batches(batch_of(self._recording.rate)):
                if stopped():
                    self.interrupted = True
                    break
                told = self._pipeline.step([marked.frame for marked in batch])
                self._batch = batch
                self.position = batch[-1].frame.media_time
                yield [event for events in told for event in events]
        if self.interrupted:
            yield self._pipeline.finish(self._source, self.position)
        else:
            yield self._end()

    def state(self) -> ReaderState:
        """Where it stands after the events that `steps` gave last, its very last ones excepted."""
        decoding = resume_from(self._batch[-1].mark, [marked.frame for marked in self._batch])
        return ReaderState(decoding, self._pipeline.state(self._source))

    def _end(self) -> list[Event]:
        self.position = self._recording.duration
        return self._pipeline.finish(self._source, self.position, damaged=self._recording.broken_off)


class DecodeAhead(Generic[Item]):
    """Takes frames from an iterable in a thread, at most `depth` ahead of who reads them."""

    def __init__(self, frames: Iterable[Item], depth: int) -> None:
        self._frames = frames
        self._queue: Queue[Item | BaseException | None] = Queue(depth)
        self._closing = Flag()
        self._thread = Thread(target=self._run, name="decode", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        while self._thread.is_alive():  # it may wait for room in the queue
            try:
                self._queue.get(timeout=0.05)
            except Empty:
                continue
        self._thread.join()

    def _run(self) -> None:
        try:
            for frame in self._frames:
                self._queue.put(frame)
                if self._closing.is_set():
                    return
        except BaseException as error:  # whatever it is, who reads must hear of it
            self._queue.put(error)
            return
        self._queue.put(None)

    def batches(self, size: int) -> Iterator[list[Item]]:
        """Full batches and a last shorter one: the same frames always meet, so results repeat exactly."""
        batch: list[Item] = []
        while (item := self._queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            batch.append(item)
            if len(batch) == size:
                yield batch
                batch = []
        if batch:
            yield batch
