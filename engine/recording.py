"""One recording through the pipeline: decoding, and the detector, run ahead in threads of their own."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from queue import Empty, Queue
from threading import Event as Flag
from threading import Thread
from types import TracebackType
from typing import Generic, Self, TypeAlias, TypeVar

from engine.loading import Networks
from engine.pipeline import Pipeline
from engine.records import Event, Face
from ingest.files.recording import ReadFrame, Recording
from ingest.files.resume import ResumePoint, resume_point

BATCH = 8  # frames that go through the detector at once
LONGEST_BATCH = 4.0  # seconds of the recording at most: so much is read again at least after a break
AHEAD = 2 * BATCH  # frames decoded ahead; half a megabyte each at most
# Two batches go through the detector beside each other, and a third waits: it computes more than the rest.
# Measured on two cores: 1.05 s for a clip that takes 1.18 s with one such thread, 1.83 s without overlap.
DETECTORS, FOUND_AHEAD = 2, 3

Item = TypeVar("Item")

Found: TypeAlias = tuple[list[ReadFrame], list[list[Face]]]  # frames, and the faces of each


@dataclass(frozen=True, slots=True)
class ReaderState:
    """The state of a reader between two batches, from which another one continues."""

    decoding: ResumePoint
    pipeline: bytes  # Pipeline.state


def batch_of(rate: float | None) -> int:
    """Frames that go through the detector at once where `rate` are read a second."""
    return BATCH if rate is None else max(1, min(BATCH, int(LONGEST_BATCH * rate)))


class RecordingReader:
    """Reads a recording once: frames never dropped, events in order, nothing kept."""

    def __init__(
        self,
        recording: Recording,
        source: str,
        networks: Networks,
        after: ReaderState | None = None,
        *,
        overlapped: bool = False,
    ) -> None:
        """With `after` the recording was opened to go on behind that state. Raises BadStateError.

        `overlapped`: the detector reads the next frames while these are classified; the events are the same.
        """
        self._recording = recording
        self._source = source
        self._pipeline = Pipeline(networks)
        self._overlapped = overlapped
        self._batch: list[ReadFrame] = []  # the newest
        self.position = 0  # ns; the newest frame read
        self.interrupted = False
        if after is not None:
            self._pipeline.restore(source, after.pipeline)
            self.position = after.decoding.state.media_time

    def steps(self, stopped: Callable[[], bool]) -> Generator[list[Event], None, None]:
        """The events of a few frames at a time, and at the end those that end the source.

        Where `stopped` answers yes, what is open is ended at the newest frame.
        """
        with self._found() as found:
            for batch, faces in found:
                if stopped():
                    self.interrupted = True
                    break
                told = self._pipeline.step([read.frame for read in batch], faces)
                self._batch = batch
                self.position = batch[-1].frame.media_time
                yield [event for events in told for event in events]
        if self.interrupted:
            yield self._pipeline.finish(self._source, self.position)
        else:
            yield self._end()

    def state(self) -> ReaderState:
        """Return the state after the newest events of `steps`, except the final ones."""
        decoding = resume_point(self._batch[-1].state, [read.frame for read in self._batch])
        return ReaderState(decoding, self._pipeline.state(self._source))

    @contextmanager
    def _found(self) -> Iterator[Iterable[Found]]:
        """Batch by batch, with their faces."""
        with Ahead(self._recording.read(), AHEAD, "decode") as decoded:
            taken = batches(decoded, batch_of(self._recording.rate))
            if not self._overlapped:
                yield map(self._find, taken)
                return
            with closing(self._found_ahead(taken)) as found:
                yield found

    def _found_ahead(self, taken: Iterable[list[ReadFrame]]) -> Generator[Found, None, None]:
        started: deque[Future[Found]] = deque()
        with ThreadPoolExecutor(DETECTORS, "detect") as pool:
            for batch in taken:
                started.append(pool.submit(self._find, batch))
                if len(started) > FOUND_AHEAD:
                    yield started.popleft().result()
            while started:
                yield started.popleft().result()

    def _find(self, batch: list[ReadFrame]) -> Found:
        return batch, self._pipeline.detect([read.frame for read in batch])

    def _end(self) -> list[Event]:
        self.position = self._recording.duration
        return self._pipeline.finish(self._source, self.position, damaged=self._recording.broken_off)


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Full batches and a last shorter one: the same frames always meet, so results repeat exactly."""
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


class Ahead(Generic[Item]):
    """Takes items from an iterable in a thread, at most `depth` ahead of who reads them."""

    def __init__(self, items: Iterable[Item], depth: int, name: str) -> None:
        """`name`: of the thread."""
        self._items = items
        self._queue: Queue[Item | _Over] = Queue(depth)
        self._closing = Flag()
        self._thread = Thread(target=self._run, name=name, daemon=True)

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

    def __iter__(self) -> Iterator[Item]:
        while not isinstance(item := self._queue.get(), _Over):
            yield item
        if item.error is not None:
            raise item.error

    def _run(self) -> None:
        try:
            for item in self._items:
                self._queue.put(item)
                if self._closing.is_set():
                    return
        except BaseException as error:  # whatever it is, who reads must hear of it
            self._queue.put(_Over(error))
            return
        self._queue.put(_Over(None))


@dataclass(frozen=True, slots=True, eq=False)
class _Over:
    """Stands behind the last item."""

    error: BaseException | None  # what ended it before its time
