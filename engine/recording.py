"""One recording through the pipeline: decoding runs a few frames ahead in a thread of its own."""

from collections.abc import Callable, Iterable, Iterator
from queue import Empty, Queue
from threading import Event as Flag
from threading import Thread
from types import TracebackType
from typing import Self

from engine.pipeline import Networks, Pipeline
from engine.records import Event
from ingest.frame import Frame
from ingest.sources import Recording

BATCH = 8  # frames that go through the detector at once
AHEAD = 2 * BATCH  # frames decoded ahead; half a megabyte each at most


class RecordingReader:
    """Reads a recording once: frames never dropped, events in order, nothing kept."""

    def __init__(self, recording: Recording, source: str, networks: Networks) -> None:
        self._recording = recording
        self._source = source
        self._pipeline = Pipeline(networks)
        self.position = 0  # ns; the newest frame read
        self.interrupted = False

    def steps(self, stopped: Callable[[], bool]) -> Iterator[list[Event]]:
        """The events of a few frames at a time, and at the end those that end the source.

        Where `stopped` answers yes, what is open is ended at the newest frame.
        """
        with DecodeAhead(self._recording, AHEAD) as ahead:
            for frames in ahead.batches(BATCH):
                if stopped():
                    self.interrupted = True
                    break
                told = self._pipeline.step(frames)
                self.position = frames[-1].media_time
                yield [event for events in told for event in events]
        if self.interrupted:
            yield self._pipeline.finish(self._source, self.position)
        else:
            yield self._end()

    def _end(self) -> list[Event]:
        self.position = self._recording.duration
        return self._pipeline.finish(self._source, self.position, damaged=self._recording.broken_off)


class DecodeAhead:
    """Takes frames from an iterable in a thread, at most `depth` ahead of who reads them."""

    def __init__(self, frames: Iterable[Frame], depth: int) -> None:
        self._frames = frames
        self._queue: Queue[Frame | BaseException | None] = Queue(depth)
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

    def batches(self, size: int) -> Iterator[list[Frame]]:
        """Full batches and a last shorter one: the same frames always meet, so results repeat exactly."""
        batch: list[Frame] = []
        while (item := self._queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            batch.append(item)
            if len(batch) == size:
                yield batch
                batch = []
        if batch:
            yield batch
