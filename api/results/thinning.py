"""Thins out curves, spans and coverage of any length to a size that a page can draw."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.labels import LABELS, Label
from engine.records import Coverage, Reading, Span

MILLISECOND = 1_000_000  # ns
MIN_STEP = 10 * MILLISECOND  # less than the interval between frames of a camera
MAX_POINTS = 12_000  # of all faces together: about 400 kB of the page
MAX_INTERVALS = 4_000  # of spans, and of coverage: more than any screen has columns

LABEL_NUMBERS = {label: number for number, label in enumerate(LABELS)}
ABSTAINED = len(LABELS)


def label_number(label: Label | None) -> int:
    return ABSTAINED if label is None else LABEL_NUMBERS[label]


class _Bucket:
    """The mean reading of one face in one cell of the time grid."""

    __slots__ = ("count", "labels", "smoothed", "time")

    def __init__(self, reading: Reading) -> None:
        self.count = 1
        self.time = float(reading.media_time)
        self.smoothed: NDArray[np.float64] = reading.smoothed.astype(np.float64)
        self.labels = [0] * (len(LABELS) + 1)  # readings by label; the last counts those that abstained
        self.labels[label_number(reading.label)] = 1

    def merge(self, other: "_Bucket") -> None:
        total = self.count + other.count
        self.time = (self.time * self.count + other.time * other.count) / total
        self.smoothed = (self.smoothed * self.count + other.smoothed * other.count) / total
        self.labels = [mine + theirs for mine, theirs in zip(self.labels, other.labels, strict=True)]
        self.count = total

    def point(self) -> list[int]:
        most_frequent = self.labels.index(max(self.labels))
        probabilities = (round(1000 * value) for value in self.smoothed.tolist())
        return [round(self.time / MILLISECOND), most_frequent, *probabilities]


class ThinnedReadings:
    """The curves of all faces on a time grid whose step doubles when there are too many points."""

    def __init__(self, limit: int = MAX_POINTS) -> None:
        self.step = MIN_STEP  # ns
        self.points = 0
        self._limit = limit
        self._tracks: dict[int, dict[int, _Bucket]] = {}

    def add(self, reading: Reading) -> None:
        track = self._tracks.setdefault(reading.track, {})
        self._place(track, reading.media_time // self.step, _Bucket(reading))
        # Every face keeps at least one point, whatever the limit.
        while self.points > max(self._limit, 2 * len(self._tracks)):
            self._coarsen()

    def _place(self, track: dict[int, _Bucket], cell: int, bucket: _Bucket) -> None:
        if cell in track:
            track[cell].merge(bucket)
        else:
            track[cell] = bucket
            self.points += 1

    def _coarsen(self) -> None:
        self.step *= 2
        fine, self._tracks, self.points = self._tracks, {}, 0
        for number, buckets in fine.items():
            coarse = self._tracks.setdefault(number, {})
            for cell, bucket in buckets.items():
                self._place(coarse, cell // 2, bucket)

    def to_json(self) -> dict[int, list[list[int]]]:
        """Points by track: [ms, label number (7: abstained), seven probabilities in thousandths]."""
        return {
            number: [bucket.point() for bucket in buckets.values()]
            for number, buckets in self._tracks.items()
        }


class ThinnedSpans:
    """Spans as [start ms, end ms, track, label number]; with too many, the shorter half is dropped."""

    def __init__(self, limit: int = MAX_INTERVALS) -> None:
        self._limit = limit
        self._shortest = 0
        self._spans: list[list[int]] = []

    def add(self, span: Span) -> None:
        started, ended = round(span.started / MILLISECOND), round(span.ended / MILLISECOND)
        if ended - started >= self._shortest:
            self._spans.append([started, ended, span.track, LABEL_NUMBERS[span.label]])
        if len(self._spans) > self._limit:
            lengths = sorted(ended - started for started, ended, *_ in self._spans)
            self._shortest = lengths[len(lengths) // 2] + 1
            self._spans = [span for span in self._spans if span[1] - span[0] >= self._shortest]

    def to_json(self) -> list[list[int]]:
        return self._spans


class CoverageStrip:
    """Coverage as [start ms, end ms, kind]; with too many, neighbours join as the longer one's kind."""

    def __init__(self, limit: int = MAX_INTERVALS) -> None:
        self._limit = limit
        self._intervals: list[list[Any]] = []

    def add(self, coverage: Coverage) -> None:
        interval = [coverage.started / MILLISECOND, coverage.ended / MILLISECOND, coverage.kind]
        self._append(self._intervals, interval)
        if len(self._intervals) > self._limit:
            self._intervals = self._joined()

    def _joined(self) -> list[list[Any]]:
        joined: list[list[Any]] = []
        for first, second in zip(self._intervals[::2], self._intervals[1::2], strict=False):
            longer = max(first, second, key=lambda each: each[1] - each[0])
            self._append(joined, [first[0], second[1], longer[2]])
        if len(self._intervals) % 2:
            self._append(joined, self._intervals[-1])
        return joined

    @staticmethod
    def _append(intervals: list[list[Any]], interval: list[Any]) -> None:
        if intervals and intervals[-1][2] == interval[2]:
            intervals[-1][1] = interval[1]
        else:
            intervals.append(interval)

    def to_json(self) -> list[list[Any]]:
        return [[round(started), round(ended), kind] for started, ended, kind in self._intervals]
