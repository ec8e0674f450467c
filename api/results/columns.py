"""The columns of the tables of readings: our own, and those that Py-feat's users know."""

from typing import Any

from engine.labels import KEYPOINTS, LABELS, Label

BOX = ("left", "top", "right", "bottom")
RAW = tuple(f"raw_{label}" for label in LABELS)
POINTS = tuple(f"{name}_{axis}" for name in KEYPOINTS for axis in ("x", "y"))

READING_COLUMNS: tuple[str, ...] = (
    *("source", "track", "media_time", "captured_at", "result_at"),
    *(*BOX, "quality", "label"),
    *(*LABELS, *RAW, *POINTS),
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
FEX_BOX = ("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore")
FEX_COLUMNS: tuple[str, ...] = (*FEX_BOX, "frame", "approx_time", "input", "Identity", *_FEX_EMOTIONS)

Row = tuple[Any, ...]


def message_row(message: dict[str, Any]) -> Row:
    """The row of a stored reading in the order of READING_COLUMNS, as a recording's tables have it."""
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


def fex_row(message: dict[str, Any]) -> Row:
    """The same in the order of FEX_COLUMNS: as Py-feat has it without smoothing, a person by their track.

    The box stays in ratios of the picture, whose size is not stored; FaceScore is the crop's quality.
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
