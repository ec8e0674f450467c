"""Speed of reading a recording: with overlapping stages as in `mien run`, and one stage after the other."""

import os
import statistics
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from engine.loading import Networks, load_networks
from engine.pipeline import Pipeline
from engine.recording import RecordingReader, batch_of, batches
from engine.records import Event
from ingest.bus.source_config import DEFAULT_RATE
from ingest.files.recording import Recording, open_recording
from ingest.pace import SECOND

TURNS = 3

Parts = dict[str, float]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class RecordingSpeed:
    """Median speeds in multiples of real time; the field names are those of `mien bench --json`."""

    overlapped: float
    one_after_the_other: float  # each network with one thread
    threads: int  # of all networks, where stages overlap
    shares: Parts  # of the time of decode, detect and the rest, one after the other

    @property
    def gain(self) -> float:
        return self.overlapped / self.one_after_the_other


class RecordingBenchmark:
    """Reads the beginning of a clip repeatedly."""

    def __init__(self, path: Path, seconds: float) -> None:
        """`seconds`: of the clip, read in a turn."""
        self._path = path
        self._until = round(seconds * SECOND)  # ns
        self._threads = len(os.sched_getaffinity(0))
        self._single = load_networks()
        # As many threads as `mien run` gives them: api.results.networks.load_file_networks.
        self._parallel = load_networks((self._threads + 1) // 2)

    def measure(self) -> RecordingSpeed:
        overlapped, ordered, parts = [], [], []
        for turn in range(1 + TURNS):
            fast, (slow, spent) = self._overlapped(), self._ordered()
            if turn:  # the first one warms up
                overlapped.append(fast)
                ordered.append(slow)
                parts.append(spent)
        total = sum(sum(each.values()) for each in parts)
        return RecordingSpeed(
            overlapped=statistics.median(overlapped),
            one_after_the_other=statistics.median(ordered),
            threads=self._threads,
            shares={name: sum(each[name] for each in parts) / total for name in parts[0]},
        )

    def _overlapped(self) -> float:
        with self._opened() as recording:
            reader = RecordingReader(recording, "bench", self._parallel, overlapped=self._threads > 1)
            return self._speed(reader)

    def _ordered(self) -> tuple[float, Parts]:
        with self._opened() as recording:
            reader = SequentialReader(recording, "bench", self._single)
            return self._speed(reader), reader.spent

    def _speed(self, reader: "RecordingReader | SequentialReader") -> float:
        """Return the multiple of real time; decoding ahead of the end takes time and counts for nothing."""
        began = time.perf_counter()
        with closing(reader.steps(lambda: False)) as steps:
            for _ in steps:
                if reader.position >= self._until:
                    break
            return reader.position / SECOND / (time.perf_counter() - began)

    def _opened(self) -> Recording:
        return open_recording(self._path, "bench", DEFAULT_RATE)


class SequentialReader:
    """engine.recording.RecordingReader without overlapping stages; FFmpeg keeps its threads."""

    def __init__(self, recording: Recording, source: str, networks: Networks) -> None:
        self.position = 0  # ns
        self.spent: Parts = dict.fromkeys(("decode", "detect", "rest"), 0.0)  # seconds
        self._recording = recording
        self._source = source
        self._pipeline = Pipeline(networks)

    def steps(self, stopped: Callable[[], bool]) -> Generator[list[Event], None, None]:
        """Yield the events of a few frames at a time, and finally those that end the source."""
        decoded = batches(self._recording, batch_of(self._recording.rate))
        while (batch := self._timed("decode", lambda: next(decoded, None))) and not stopped():
            faces = self._timed("detect", partial(self._pipeline.detect, batch))
            stepped = self._timed("rest", partial(self._pipeline.step, batch, faces))
            self.position = batch[-1].media_time
            yield [event for events in stepped for event in events]
        self.position = self.position if batch else self._recording.duration
        yield self._pipeline.finish(self._source, self.position, damaged=self._recording.broken_off)

    def _timed(self, part: str, work: Callable[[], Result]) -> Result:
        began = time.perf_counter()
        result = work()
        self.spent[part] += time.perf_counter() - began
        return result
