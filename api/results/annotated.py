"""The second pass over a recording: the readings of the table drawn onto the pictures."""

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from api.exports.parquet import read_rows
from engine.drawing.annotate import Annotator, FaceAnnotation
from engine.labels import KEYPOINTS, LABELS
from engine.records import Box, Floats, Reading
from ingest.files.rewrite import Colour, rewrite
from ingest.pace import SECOND

ROUNDING = 1000  # ns; the table's times are rounded to a microsecond

LEAST_JOIN = SECOND // 2  # readings of a track this close together are joined by movement in between


def annotate_video(
    path: Path, results: Path, rate: float | None, *, at: Callable[[int], None], stopped: Callable[[], bool]
) -> Path:
    """Writes the annotated video beside the tables in `results`; `at` hears of each media time (ns)."""
    marks = Marks(read_rows(results / "readings.parquet"), rate)
    annotator = Annotator()

    def draw(picture: Colour, media_time: int) -> None:
        annotator.draw(picture, marks.at(media_time))
        at(media_time)

    return rewrite(path, results / "annotated", draw, stopped)


def mark_of(reading: Reading) -> FaceAnnotation:
    return FaceAnnotation(
        f"face {reading.track}", reading.box, reading.keypoints, reading.label, reading.smoothed
    )


class Marks:
    """Labels to draw at a media time, from rows in order of time; holds those of a second or so.

    Between two readings of a track, box, points and distribution move evenly from one to the other.
    After the last they stay for half the time that is bridged.
    """

    def __init__(self, rows: Iterator[dict[str, Any]], rate: float | None) -> None:
        self._rows = rows
        self._next = next(rows, None)
        self._join = LEAST_JOIN if rate is None else max(LEAST_JOIN, round(1.5 * SECOND / rate))
        self._tracks: dict[int, deque[tuple[int, FaceAnnotation]]] = {}

    def at(self, time: int) -> list[FaceAnnotation]:
        """Called with growing times (ns)."""
        time += ROUNDING
        self._read_until(time + self._join)
        marks = []
        for track in list(self._tracks):
            readings = self._tracks[track]
            while len(readings) > 1 and readings[1][0] <= time:
                readings.popleft()
            if readings[0][0] < time - self._join:
                readings.popleft()
            if not readings:
                del self._tracks[track]
            elif readings[0][0] <= time:
                marks += self._between(readings, time)
        return marks

    def _between(self, readings: deque[tuple[int, FaceAnnotation]], time: int) -> list[FaceAnnotation]:
        started, before = readings[0]
        if len(readings) > 1 and readings[1][0] - started <= self._join:
            ended, after = readings[1]
            return [_moved(before, after, (time - started) / (ended - started))]
        return [before] if time - started <= self._join // 2 else []

    def _read_until(self, time: int) -> None:
        while self._next is not None:
            media_time = round(self._next["media_time"] * SECOND)
            if media_time > time:
                return
            track = self._tracks.setdefault(self._next["track"], deque())
            track.append((media_time, _mark(self._next)))
            self._next = next(self._rows, None)


def _mark(row: dict[str, Any]) -> FaceAnnotation:
    points = [[row[f"{name}_x"], row[f"{name}_y"]] for name in KEYPOINTS]
    return FaceAnnotation(
        name=f"face {row['track']}",
        box=Box(row["left"], row["top"], row["right"], row["bottom"]),
        keypoints=np.array(points, dtype=np.float32),
        label=row["label"],
        distribution=np.array([row[label] for label in LABELS], dtype=np.float32),
    )


def _moved(before: FaceAnnotation, after: FaceAnnotation, share: float) -> FaceAnnotation:
    """The mark on its way from one reading to the next; the label is that of the first."""

    def mix(first: Floats, second: Floats) -> Floats:
        return np.asarray(first + np.float32(share) * (second - first), dtype=np.float32)

    edges = mix(_edges(before.box), _edges(after.box)).tolist()
    return FaceAnnotation(
        name=before.name,
        box=Box(*edges),
        keypoints=mix(before.keypoints, after.keypoints),
        label=before.label,
        distribution=mix(before.distribution, after.distribution),
    )


def _edges(box: Box) -> Floats:
    return np.array([box.left, box.top, box.right, box.bottom], dtype=np.float32)
