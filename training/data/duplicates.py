"""Groups of pictures that are versions of one photo, so that a split keeps a photo in one set."""

import hashlib
from collections.abc import Iterator

import cv2
import numpy as np
from tqdm import tqdm

from engine.records import Floats
from training.arrays import Integers, Pixels

SIDE = 12  # pixels, to which pictures are shrunk before they are compared
# Correlation from which two pictures are versions of one photo. In FER2013 it finds 81 % of the
# pictures that a slower search with affine alignment (from .82 on) finds, and 2 % of the others.
MIN_CORRELATION = 0.93
BLOCK = 1024  # pictures compared with all others at a time
PARTS = 20  # of the groups; one part is the validation set and one the test set, as in the mission's report


def near_groups(pixels: Pixels) -> Integers:
    """Return (n,) the smallest row of each picture's group of versions, mirrored or not."""
    group = np.arange(len(pixels))
    for row, other in _similar_pairs(pixels):
        _join(group, row, other)
    return np.array([_root(group, row) for row in range(len(group))])


def split_by_group(pixels: Pixels, group: Integers) -> Integers:
    """Return (n,) 0 training, 1 validation, 2 test, by the hash of the group's first picture."""
    parts = [int(hashlib.sha256(picture.tobytes()).hexdigest(), 16) % PARTS for picture in pixels]
    part_of_group = np.array(parts)[group]
    return np.select([part_of_group == 0, part_of_group == 1], [1, 2], 0)


def _similar_pairs(pixels: Pixels) -> Iterator[tuple[int, int]]:
    plain, mirrored = _features(pixels), _features(pixels[:, :, ::-1])
    for start in tqdm(range(0, len(pixels), BLOCK), "versions of one photo", leave=False):
        block = plain[start : start + BLOCK]
        similar = np.maximum(block @ plain[start:].T, block @ mirrored[start:].T) >= MIN_CORRELATION
        rows, others = np.nonzero(np.triu(similar, 1))
        yield from zip((rows + start).tolist(), (others + start).tolist(), strict=True)


def _features(pixels: Pixels) -> Floats:
    """Return (n, SIDE * SIDE) shrunk pictures of mean 0 and length 1; blank ones are 0, similar to none."""
    small = [cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for picture in pixels]
    features = np.stack(small).reshape(len(pixels), -1).astype(np.float32)
    features -= features.mean(axis=1, keepdims=True)
    length = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(np.where(length > 1, features / np.maximum(length, 1), 0), dtype=np.float32)


def _root(group: Integers, row: int) -> int:
    """Find the representative of a row's group (union-find with path halving)."""
    while group[row] != row:
        group[row] = group[group[row]]
        row = int(group[row])
    return row


def _join(group: Integers, row: int, other: int) -> None:
    first, second = sorted((_root(group, row), _root(group, other)))
    group[second] = first
