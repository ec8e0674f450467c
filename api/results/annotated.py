"""The annotated video: a second pass over the recording that draws the readings of the table."""

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from api.exports.parquet import read_rows
from api.results.progress import ReadOptions
from engine.drawing.annotate import Annotator, FaceAnnotation
from engine.labels import KEYPOINTS, LABELS
from engine.records import Box, Floats, Reading
from ingest.files.rewrite import rewrite
from ingest.pace import SECOND
from ingest.picture.colour import Colour

ROUNDING = 1000  # ns; the table's times are rounded to a microsecond
MIN_GAP = SECOND // 2  # ns; readings of a track this close together are interpolated at any rate


def annotate_video(
    path: Path,
    results: Path,
    options: ReadOptions,
    *,
    advance: Callable[[int], None],
    stopped: Callable[[], bool],
) -> Path:
    """Write the annotated video beside the tables in `results`; `advance` gets each media time (ns)."""
    annotations = Annotations(read_rows(results / "readings.parquet"), options.rate)
    annotator = Annotator()

    def draw(frame: Colour, media_time: int) -> None:
        annotator.draw(frame, annotations.at(media_time))
        advance(media_time)

    return rewrite(path, results / "annotated", draw, stopped, options.display)


def annotation_of(reading: Reading) -> FaceAnnotation:
    return FaceAnnotation(
        f"face {reading.track}", reading.box, reading.keypoints, reading.label, reading.smoothed
    )


class Annotations:
    """The faces to draw at a media time, from rows in order of time; about a second of them is in memory.

    Between two readings of a track, box, keypoints and distribution are interpolated linearly. After the last
    reading before a gap they stay for half the longest time that is interpolated.
    """

    def __init__(self, rows: Iterator[dict[str, Any]], rate: float | None) -> None:
        self._rows = rows
        self._next = next(rows, None)
        self._max_gap = MIN_GAP if rate is None else max(MIN_GAP, round(1.5 * SECOND / rate))
        self._tracks: dict[int, deque[tuple[int, FaceAnnotation]]] = {}

    def at(self, time: int) -> list[FaceAnnotation]:
        """The faces at `time` (ns), which grows from call to call."""
        time += ROUNDING
        self._read_until(time + self._max_gap)
        annotations = []
        for track in list(self._tracks):
            readings = self._tracks[track]
            while len(readings) > 1 and readings[1][0] <= time:
                readings.popleft()
            if readings[0][0] < time - self._max_gap:
                readings.popleft()
            if not readings:
                del self._tracks[track]
            elif readings[0][0] <= time:
                annotations += self._interpolated(readings, time)
        return annotations

    def _interpolated(self, readings: deque[tuple[int, FaceAnnotation]], time: int) -> list[FaceAnnotation]:
        started, before = readings[0]
        if len(readings) > 1 and readings[1][0] - started <= self._max_gap:
            ended, after = readings[1]
            return [_interpolate(before, after, (time - started) / (ended - started))]
        return [before] if time - started <= self._max_gap // 2 else []

    def _read_until(self, time: int) -> None:
        while self._next is not None:
            media_time = round(self._next["media_time"] * SECOND)
            if media_time > time:
                return
            track = self._tracks.setdefault(self._next["track"], deque())
            track.append((media_time, _annotation(self._next)))
            self._next = next(self._rows, None)


def _annotation(row: dict[str, Any]) -> FaceAnnotation:
    keypoints = [[row[f"{name}_x"], row[f"{name}_y"]] for name in KEYPOINTS]
    return FaceAnnotation(
        name=f"face {row['track']}",
        box=Box(row["left"], row["top"], row["right"], row["bottom"]),
        keypoints=np.array(keypoints, dtype=np.float32),
        label=row["label"],
        distribution=np.array([row[label] for label in LABELS], dtype=np.float32),
    )


def _interpolate(before: FaceAnnotation, after: FaceAnnotation, share: float) -> FaceAnnotation:
    """The annotation between two readings, `share` of the way to the second; the label is the first's."""

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
