"""Reads the labelled faces: FER2013 with FER+ votes and a clean split, and the faces with 15 keypoints."""

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
from training.data.splits import SPLITS, Mask

Pixels = NDArray[np.uint8]

TILE = 48  # pixels, the side of a FER2013 picture
SHEET_ROW = 60  # tiles
PORTRAITS = "keypoints_udacity.npz"
# The landmark detector that set these points put them so many pixels too far to the right: what a network
# learns from faces and from their mirror images lies between the two, so far from the points of people held
# out (at each size and enlargement; downwards it is 0.04).
RIGHTWARD = 1.07
MARGIN = 24  # pixels, the rim of a portrait about the 96x96 picture that its points are counted in

# FER+ names of our labels. Contempt, "unknown" and "not a face" have no place among the seven.
VOTED_AS = dict(
    zip(LABELS, ("anger", "disgust", "sadness", "happiness", "surprise", "fear", "neutral"), strict=True)
)

# Which of the 15 keypoints are the detector's five landmarks, in the order of labels.LANDMARKS.
LANDMARK_POINTS = (1, 0, 10, 12, 11)
# The same 15 points seen in a mirror: left and right change places.
MIRRORED_POINTS = (1, 0, 4, 5, 2, 3, 8, 9, 6, 7, 10, 12, 11, 13, 14)


@dataclass(frozen=True, slots=True, eq=False)
class Expressions:
    """FER2013 in its own row order, labels numbered as in engine.labels."""

    pixels: Pixels  # (n, 48, 48)
    label: NDArray[np.int64]  # (n,) FER2013's own
    votes: Floats  # (n, 7) share of the FER+ taggers for each label; a row of zeros where none voted so
    is_face: Mask  # (n,) False where FER+ found no face
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
    rightward: float = 0.0  # pixels that all points lie to the right of what they mark


def read_expressions(data: Path, split: str = "clean") -> Expressions:
    """FER2013 out of `fer2013.npz` and `fer2013_duplicate_groups.npz` in the folder `data`, split so."""
    with np.load(data / "fer2013.npz") as archive:
        sheets = sorted(name for name in archive.files if name.startswith("png_"))
        tiles = np.concatenate([_tiles(archive[name].tobytes()) for name in sheets])
        pixels = tiles[archive["tile"]]
        names = [str(name) for name in archive["label_names"]]
        label = np.array([LABELS.index(name) for name in names])[archive["label"]]
        votes, is_face = _votes(archive, len(label))
        usage = archive["usage"]
    with np.load(data / "fer2013_duplicate_groups.npz") as archive:
        train, validation, test = SPLITS[split](usage, archive["near_group"], label)
    return Expressions(
        pixels=pixels,
        label=label,
        votes=votes,
        is_face=is_face,
        train=train,
        validation=validation,
        test=test,
    )


def _votes(archive: Mapping[str, NDArray[Any]], count: int) -> tuple[Floats, Mask]:
    """Shares of the FER+ votes and what FER+ took for a face; zeros and all where there are no votes."""
    if "ferplus_votes" not in archive:
        return np.zeros((count, len(LABELS)), dtype=np.float32), np.ones(count, dtype=np.bool_)
    voted = [str(name) for name in archive["ferplus_names"]]
    ballots = archive["ferplus_votes"].astype(np.float32)
    is_face = archive["ferplus_named"] & (ballots.argmax(axis=1) != voted.index("not_face"))
    votes = ballots[:, [voted.index(VOTED_AS[name]) for name in LABELS]]
    return votes / np.maximum(votes.sum(axis=1, keepdims=True), 1), is_face


def read_portraits(data: Path) -> Portraits:
    """The faces of PORTRAITS in the folder `data`, with the rim around them."""
    with np.load(data / PORTRAITS) as archive:
        jpeg, offset, split = archive["jpeg"], archive["offset"], archive["split"]
        pixels = np.stack([_grey(jpeg[a:b].tobytes()) for a, b in itertools.pairwise(offset)])
        points = archive["points"] + np.float32(archive["margin"])
        rightward = float(archive["rightward"]) if "rightward" in archive else RIGHTWARD
    return Portraits(pixels, points, split == 0, split == 1, split == 2, rightward)


def _tiles(png: bytes) -> Pixels:
    sheet = _grey(png)
    rows = sheet.reshape(sheet.shape[0] // TILE, TILE, SHEET_ROW, TILE)
    return rows.transpose(0, 2, 1, 3).reshape(-1, TILE, TILE)


def _grey(encoded: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(encoded)).convert("L"), dtype=np.uint8)
