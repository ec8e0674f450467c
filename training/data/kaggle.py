"""Readers of Kaggle's CSV files: FER2013, and the facial keypoints contest."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.labels import KEYPOINTS, LABELS, Label
from engine.records import Floats
from training.arrays import Integers, Pixels
from training.data.faces import TILE

# Labels in the order of FER2013's numbers, and the parts of its split.
FER2013_LABELS: tuple[Label, ...] = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
USAGES = ("Training", "PublicTest", "PrivateTest")
PORTRAIT = 96  # pixels, the side of a picture of the keypoints contest
COORDINATES = tuple(f"{point}_{axis}" for point in KEYPOINTS for axis in "xy")


class DataFormatError(Exception):
    """A file or folder does not have the documented format."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledFaces:
    """Small pictures of faces, each with an expression."""

    pixels: Pixels  # (n, 48, 48)
    labels: Integers  # (n,) index in engine.labels.LABELS
    usage: Integers  # (n,) index in USAGES


@dataclass(frozen=True, slots=True, eq=False)
class KeypointFaces:
    """Pictures of faces with 15 keypoints each."""

    pixels: Pixels  # (n, 96, 96)
    points: Floats  # (n, 15, 2) pixels of the picture


def read_fer2013(file: Path) -> LabelledFaces:
    """Read `fer2013.csv` or `icml_face_data.csv`, whose columns differ in order and in spaces.

    Raises DataFormatError.
    """
    pixels, labels, usage = [], [], []
    numbers = [str(number) for number in range(len(FER2013_LABELS))]
    for line, row in _rows(file, ("emotion", "pixels", "Usage")):
        pixels.append(_picture(row["pixels"], TILE, line))
        labels.append(LABELS.index(FER2013_LABELS[_index(row["emotion"], numbers, line)]))
        usage.append(_index(row["Usage"], USAGES, line))
    if not pixels:
        raise DataFormatError(f"{file} has no pictures below the line of column names")
    return LabelledFaces(np.stack(pixels), np.array(labels), np.array(usage))


def read_keypoints(file: Path) -> KeypointFaces:
    """Read the rows of the contest's `training.csv` that have all points. Raises DataFormatError."""
    pixels, points = [], []
    for line, row in _rows(file, (*COORDINATES, "Image")):
        values = [row[name] for name in COORDINATES]
        if all(values):
            points.append(np.array([_number(text, line) for text in values], np.float32).reshape(-1, 2))
            pixels.append(_picture(row["Image"], PORTRAIT, line))
    if not pixels:
        raise DataFormatError(f"{file} has no row with all {len(KEYPOINTS)} points")
    return KeypointFaces(np.stack(pixels), np.stack(points))


def _rows(file: Path, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each row by column name, after its place for error messages."""
    with file.open(newline="", encoding="utf-8", errors="replace") as lines:
        reader = csv.reader(lines)
        names = [name.strip() for name in next(reader, [])]
        if missing := [name for name in columns if name not in names]:
            found = ", ".join(names)[:60] or "none"
            raise DataFormatError(f"{file} lacks the columns {', '.join(missing)}; it has {found}")
        for number, row in enumerate(reader, start=2):
            line = f"{file}, line {number}"
            if len(row) != len(names):
                raise DataFormatError(f"{line}: {len(names)} columns are needed, got {len(row)}")
            yield line, dict(zip(names, row, strict=True))


def _picture(text: str, side: int, line: str) -> Pixels:
    try:
        levels = np.array(text.split(), dtype=np.int64)
    except ValueError:
        raise DataFormatError(f"{line}: pixels must be numbers, got {text[:20]!r}") from None
    if len(levels) != side * side:
        raise DataFormatError(f"{line}: {side * side} pixels are needed, got {len(levels)}")
    if levels.min() < 0 or levels.max() > 255:
        raise DataFormatError(f"{line}: pixels must be 0 to 255, got {levels.min()} to {levels.max()}")
    return levels.astype(np.uint8).reshape(side, side)


def _index(text: str, choices: Sequence[str], line: str) -> int:
    if text not in choices:
        raise DataFormatError(f"{line}: one of {', '.join(choices)} is needed, got {text!r}")
    return choices.index(text)


def _number(text: str, line: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise DataFormatError(f"{line}: a coordinate must be a number, got {text!r}") from None
