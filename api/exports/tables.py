"""Tables of readings, spans and coverage: their columns, and the row of a message."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from api.exports.message import Message
from api.exports.writer import ExportOptions
from engine.labels import KEYPOINTS, LABELS, Label

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with one row for each message of a kind."""

    kind: str  # of the messages
    columns: tuple[str, ...]
    row: Callable[[dict[str, Any]], Row]  # of a message's fields

    def rows(self, messages: Sequence[Message]) -> list[Row]:
        return [self.row(message.fields) for message in messages if message.kind == self.kind]


def readings_table(options: ExportOptions) -> Table:
    if options.layout == "fex":
        return FEX_READINGS
    return RECORDED_READINGS if options.recorded else READINGS


def _reading_row(message: dict[str, Any]) -> Row:
    return (
        message["source"],
        message["track"],
        message["media_time"],
        message["captured_at"],
        message["result_at"],
        *message["box"],
        message["quality"],
        message["label"],
        *message["smoothed"].values(),
        *message["raw"].values(),
        *(ratio for point in message["keypoints"].values() for ratio in point),
    )


READINGS = Table(
    "reading",
    (
        *("source", "track", "media_time", "captured_at", "result_at"),
        *("left", "top", "right", "bottom", "quality", "label"),
        *LABELS,
        *(f"raw_{label}" for label in LABELS),
        *(f"{name}_{axis}" for name in KEYPOINTS for axis in ("x", "y")),
    ),
    _reading_row,
)

RECORDED_READINGS = Table(
    "reading", (*READINGS.columns, "frame"), lambda message: (*_reading_row(message), message["frame"])
)

# Py-feat's names of its emotions, in its order.
_FEX_EMOTIONS: dict[str, Label] = {
    "anger": "angry",
    "disgust": "disgust",
    "fear": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprise": "surprise",
    "neutral": "neutral",
}


def _fex_row(message: dict[str, Any]) -> Row:
    """A reading as Py-feat writes it: without smoothing, a track as its Identity.

    The box stays in ratios of the frame, whose size is not stored; FaceScore is the crop's quality.
    """
    left, top, right, bottom = message["box"]
    minutes, seconds = divmod(message["media_time"], 60)
    return (
        *(left, top, round(right - left, 5), round(bottom - top, 5), message["quality"]),
        message["frame"],
        f"{int(minutes):02}:{seconds:06.3f}",
        message["source"],
        f"Person_{message['track']}",
        *(message["raw"][label] for label in _FEX_EMOTIONS.values()),
    )


FEX_READINGS = Table(
    "reading",
    (
        *("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore"),
        *("frame", "approx_time", "input", "Identity"),
        *_FEX_EMOTIONS,
    ),
    _fex_row,
)

_SPAN_COLUMNS = ("source", "track", "label", "started", "ended", "confidence")
_COVERAGE_COLUMNS = ("source", "kind", "started", "ended", "frames")


def _span_row(message: dict[str, Any]) -> Row:
    return (*(message[name] for name in _SPAN_COLUMNS[:-1]), round(message["confidence"], 4))


SPANS = Table("span", _SPAN_COLUMNS, _span_row)
COVERAGE = Table("coverage", _COVERAGE_COLUMNS, itemgetter(*_COVERAGE_COLUMNS))
