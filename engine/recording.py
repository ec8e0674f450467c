"""Runs one recording through the pipeline; decoding and detection run ahead in threads of their own."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, islice
from queue import Empty, Queue
from threading import Event as Flag
from threading import Thread
from typing import Generic, Self, TypeAlias, TypeVar

from engine.dating import dated
from engine.loading import Networks
from engine.pipeline import Pipeline
from engine.records import Event, Face
from ingest.files.recording import ReadFrame, Recording
from ingest.files.resume import ResumePoint, resume_point
from ingest.files.stills import Still, still_frame

BATCH = 8  # frames that go through the detector at once
MAX_BATCH_DURATION = 4.0  # seconds of the recording; as much is read again after an interruption
AHEAD = 2 * BATCH  # frames decoded ahead; half a megabyte each at most
# Two batches go through the detector at a time, and a third waits: it computes more than all other stages.
# Measured on two cores: 1.05 s for a clip that takes 1.18 s with one such thread, 1.83 s without overlap.
DETECTOR_THREADS, MAX_DETECTED_AHEAD = 2, 3

Item = TypeVar("Item")

DetectedBatch: TypeAlias = tuple[list[ReadFrame], list[list[Face]]]  # frames, and the faces of each


@dataclass(frozen=True, slots=True)
class ReaderState:
    """State of a reader between two batches, from which another one can continue."""

    decoding: ResumePoint
    pipeline: bytes  # Pipeline.state


def batch_of(rate: float | None) -> int:
    """Return the frames per batch of the detector when `rate` frames are read per second."""
    return BATCH if rate is None else max(1, min(BATCH, int(MAX_BATCH_DURATION * rate)))


class RecordingReader:
    """Reads a recording once, without dropping frames; yields its events in order."""

    def __init__(
        self,
        recording: Recording,
        source: str,
        networks: Networks,
        after: ReaderState | None = None,
        *,
        overlapped: bool = False,
    ) -> None:
        """`after`: the state to continue from, if the recording was opened there. Raises BadStateError.

        `overlapped`: detect the next frames while these are classified; the events are the same.
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
        """Yield the events of each batch, then those that end the source.

        When `stopped` returns True, the source ends at the newest frame.
        """
        with self._detected() as detected:
            for batch, faces in detected:
                if stopped():
                    self.interrupted = True
                    break
                events = self._pipeline.step([read.frame for read in batch], faces)
                self._batch = batch
                self.position = batch[-1].frame.media_time
                yield [self._dated(event) for caused in events for event in caused]
        recording, ended = self._recording, None
        if not self.interrupted:
            self.position, ended = recording.duration, recording.pictures_end
        damaged = recording.broken_off and not self.interrupted
        ending = self._pipeline.finish(self._source, self.position, pictures_end=ended, damaged=damaged)
        yield [self._dated(event) for event in ending]

    def _dated(self, event: Event) -> Event:
        return dated(event, self._recording.created)

    def state(self) -> ReaderState:
        """Return the state after the last events of `steps`, before those that end the source."""
        decoding = resume_point(self._batch[-1].state, [read.frame for read in self._batch])
        return ReaderState(decoding, self._pipeline.state(self._source))

    @contextmanager
    def _detected(self) -> Iterator[Iterable[DetectedBatch]]:
        """Iterate over the batches with their faces."""
        with Ahead(self._recording.read(), AHEAD, "decode") as decoded:
            frame_batches = batches(decoded, batch_of(self._recording.rate))
            if not self._overlapped:
                yield map(self._detect, frame_batches)
                return
            with closing(self._detect_ahead(frame_batches)) as detected:
                yield detected

    def _detect_ahead(self, frame_batches: Iterable[list[ReadFrame]]) -> Generator[DetectedBatch, None, None]:
        started: deque[Future[DetectedBatch]] = deque()
        with ThreadPoolExecutor(DETECTOR_THREADS, "detect") as pool:
            for batch in frame_batches:
                started.append(pool.submit(self._detect, batch))
                if len(started) > MAX_DETECTED_AHEAD:
                    yield started.popleft().result()
            while started:
                yield started.popleft().result()

    def _detect(self, batch: list[ReadFrame]) -> DetectedBatch:
        return batch, self._pipeline.detect([read.frame for read in batch])


def still_events(still: Still, source: str, pipeline: Pipeline) -> list[Event]:
    """Run one still picture through a pipeline without tracking; return its events, all at time 0."""
    events = pipeline.step([still_frame(still, source)])
    return [*chain.from_iterable(events), *pipeline.finish(source, 0)]


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield full batches and a last shorter one: the same frames each time, so that results are the same."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


class Ahead(Generic[Item]):
    """Reads an iterable in a thread, at most `depth` items ahead of its consumer."""

    def __init__(self, items: Iterable[Item], depth: int, thread: str) -> None:
        """`thread`: its name."""
        self._items = items
        self._queue: Queue[Item | _End] = Queue(depth)
        self._closing = Flag()
        self._thread = Thread(target=self._run, name=thread, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        while self._thread.is_alive():  # it may be blocked by the full queue
            with suppress(Empty):
                self._queue.get(timeout=0.05)

    def __iter__(self) -> Iterator[Item]:
        while not isinstance(item := self._queue.get(), _End):
            yield item
        if item.error is not None:
            raise item.error

    def _run(self) -> None:
        end = _End(None)
        try:
            for item in self._items:
                self._queue.put(item)
                if self._closing.is_set():
                    return
        except BaseException as error:  # raised again in the consumer
            end = _End(error)
        self._queue.put(end)


@dataclass(frozen=True, slots=True, eq=False)
class _End:
    """Follows the last item in the queue."""

    error: BaseException | None  # that ended it early
