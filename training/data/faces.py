"""Labelled faces: FER2013 with FER+ votes and a split, and portraits with 15 keypoints."""

import io
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.labels import LABELS
from engine.records import Floats
from training.arrays import Integers, Mask, Pixels
from training.data.splits import SPLITS

TILE = 48  # pixels, the side of a FER2013 picture
SHEET_COLUMNS = 60  # tiles in a row of a PNG sheet
PORTRAITS = "keypoints_udacity.npz"
# Mean error of these points in x, in pixels: the landmark detector that set them put them too far right. It
# is half the distance between the predictions of networks trained on faces and on their mirror images, for
# held-out people, and the same at each size and enlargement. The error in y is 0.04.
X_BIAS = 1.07
MARGIN = 24  # pixels of rim around the 96x96 picture whose coordinates the points are given in

# FER+ names that differ from those of engine.labels. Contempt, "unknown" and "not a face" are no labels here.
FERPLUS_NAMES = {"angry": "anger", "sad": "sadness", "happy": "happiness"}

# Indices of the detector's five landmarks among the 15 keypoints, in the order of labels.LANDMARKS.
LANDMARK_POINTS = (1, 0, 10, 12, 11)


@dataclass(frozen=True, slots=True, eq=False)
class Expressions:
    """FER2013 in its own row order, with labels numbered as in engine.labels."""

    pixels: Pixels  # (n, 48, 48)
    labels: Integers  # (n,) FER2013's own
    votes: Floats  # (n, 7) share of the FER+ votes for each label; a row of zeros if there is none
    is_face: Mask  # (n,) False where the FER+ taggers saw no face
    train: Mask
    validation: Mask
    test: Mask


@dataclass(frozen=True, slots=True, eq=False)
class Portraits:
    """Faces with 15 keypoints, split by person."""

    pixels: Pixels  # (n, 144, 144)
    points: Floats  # (n, 15, 2) pixels of the picture, in the order of labels.KEYPOINTS
    train: Mask
    validation: Mask
    test: Mask
    x_bias: float = 0.0  # pixels; systematic error of the points in x


def read_expressions(data: Path, split: str = "clean") -> Expressions:
    """Read `fer2013.npz` and `fer2013_duplicate_groups.npz` in `data`, with a split of `SPLITS`."""
    with np.load(data / "fer2013.npz") as archive:
        sheets = sorted(name for name in archive.files if name.startswith("png_"))
        tiles = np.concatenate([_tiles(archive[name].tobytes()) for name in sheets])
        pixels = tiles[archive["tile"]]
        names = [str(name) for name in archive["label_names"]]
        labels = np.array([LABELS.index(name) for name in names])[archive["label"]]
        votes, is_face = _votes(archive, len(labels))
        usage = archive["usage"]
    with np.load(data / "fer2013_duplicate_groups.npz") as archive:
        train, validation, test = SPLITS[split](usage, archive["near_group"], labels)
    return Expressions(pixels, labels, votes, is_face, train, validation, test)


def _votes(archive: Mapping[str, NDArray[Any]], count: int) -> tuple[Floats, Mask]:
    """Return the shares of the FER+ votes and where FER+ saw a face; no votes and all faces without FER+."""
    if "ferplus_votes" not in archive:
        return np.zeros((count, len(LABELS)), dtype=np.float32), np.ones(count, dtype=np.bool_)
    names = [str(name) for name in archive["ferplus_names"]]
    ballots = archive["ferplus_votes"].astype(np.float32)
    is_face = archive["ferplus_named"] & (ballots.argmax(axis=1) != names.index("not_face"))
    votes = np.zeros((count, len(LABELS)), dtype=np.float32)
    for column, label in enumerate(LABELS):
        if (name := FERPLUS_NAMES.get(label, label)) in names:
            votes[:, column] = ballots[:, names.index(name)]
    return votes / np.maximum(votes.sum(axis=1, keepdims=True), 1), is_face


def read_portraits(data: Path) -> Portraits:
    """Read the faces of PORTRAITS in `data`, with the rim around them."""
    with np.load(data / PORTRAITS) as archive:
        jpeg, offset, split = archive["jpeg"], archive["offset"], archive["split"]
        pixels = np.stack([_grey(jpeg[a:b].tobytes()) for a, b in itertools.pairwise(offset)])
        points = archive["points"] + np.float32(archive["margin"])
        x_bias = float(archive["rightward"]) if "rightward" in archive else X_BIAS
    return Portraits(pixels, points, split == 0, split == 1, split == 2, x_bias)


def _tiles(png: bytes) -> Pixels:
    sheet = _grey(png)
    rows = sheet.reshape(sheet.shape[0] // TILE, TILE, SHEET_COLUMNS, TILE)
    return rows.transpose(0, 2, 1, 3).reshape(-1, TILE, TILE)


def _grey(encoded: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(encoded)).convert("L"), dtype=np.uint8)
