"""Reads Kaggle's own files: FER2013's pictures in a CSV, and that of the facial keypoints contest."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.labels import KEYPOINTS
from engine.records import Floats
from training.data.faces import TILE, Pixels

# FER2013's numbers of the labels, and of the parts of its split.
EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
USAGES = ("Training", "PublicTest", "PrivateTest")
PORTRAIT = 96  # pixels, the side of a picture of the keypoints contest
COORDINATES = tuple(f"{point}_{axis}" for point in KEYPOINTS for axis in "xy")


class UnexpectedFileError(Exception):
    """A file is not of the form that its name promises."""


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Small pictures of faces with a label each."""

    pixels: Pixels  # (n, 48, 48)
    label: NDArray[np.int64]  # (n,) number in EMOTIONS
    usage: NDArray[np.int64]  # (n,) number in USAGES


@dataclass(frozen=True, slots=True, eq=False)
class Pointed:
    """Pictures of faces with 15 keypoints each."""

    pixels: Pixels  # (n, 96, 96)
    points: Floats  # (n, 15, 2) pixels of the picture


def read_fer2013(file: Path) -> Labelled:
    """`fer2013.csv` or `icml_face_data.csv`, whose columns differ in order and in spaces about the names."""
    pixels, label, usage = [], [], []
    for where, row in _rows(file, ("emotion", "pixels", "Usage")):
        pixels.append(_picture(row["pixels"], TILE, where))
        label.append(_one_of(row["emotion"], [str(n) for n in range(len(EMOTIONS))], where))
        usage.append(_one_of(row["Usage"], USAGES, where))
    if not pixels:
        raise UnexpectedFileError(f"{file}: expected rows of pictures, actual none")
    return Labelled(np.stack(pixels), np.array(label), np.array(usage))


def read_keypoints(file: Path) -> Pointed:
    """`training.csv` of the facial keypoints contest: the rows in which no point is missing."""
    pixels, points = [], []
    for where, row in _rows(file, (*COORDINATES, "Image")):
        said = [row[name] for name in COORDINATES]
        if all(said):
            points.append(np.array([_number(text, where) for text in said], np.float32).reshape(-1, 2))
            pixels.append(_picture(row["Image"], PORTRAIT, where))
    if not pixels:
        raise UnexpectedFileError(f"{file}: expected rows with all {len(KEYPOINTS)} points, actual none")
    return Pointed(np.stack(pixels), np.stack(points))


def _rows(file: Path, expected: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each row by its columns' names, with the words that an error begins with."""
    with file.open(newline="", encoding="utf-8", errors="replace") as lines:
        reader = csv.reader(lines)
        names = [name.strip() for name in next(reader, [])]
        missing = [name for name in expected if name not in names]
        if missing:
            raise UnexpectedFileError(
                f"{file}: expected the columns {', '.join(missing)}, actual {', '.join(names)[:60] or 'none'}"
            )
        for number, row in enumerate(reader, start=2):
            where = f"{file}, line {number}"
            if len(row) != len(names):
                raise UnexpectedFileError(f"{where}: expected {len(names)} columns, actual {len(row)}")
            yield where, dict(zip(names, row, strict=True))


def _picture(text: str, side: int, where: str) -> Pixels:
    try:
        levels = np.array(text.split(), dtype=np.int64)
    except ValueError:
        raise UnexpectedFileError(f"{where}: expected pixels as numbers, actual {text[:20]!r}") from None
    if len(levels) != side * side:
        raise UnexpectedFileError(f"{where}: expected {side * side} pixels, actual {len(levels)}")
    if levels.min() < 0 or levels.max() > 255:
        raise UnexpectedFileError(
            f"{where}: expected pixels from 0 to 255, actual {levels.min()} to {levels.max()}"
        )
    return levels.astype(np.uint8).reshape(side, side)


def _one_of(text: str, known: Sequence[str], where: str) -> int:
    if text not in known:
        raise UnexpectedFileError(f"{where}: expected one of {', '.join(known)}, actual {text!r}")
    return known.index(text)


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UnexpectedFileError(f"{where}: expected a coordinate, actual {text!r}") from None
