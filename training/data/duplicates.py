"""Finds pictures that are versions of one photo, so that no photo is both learnt from and asked for."""

import hashlib
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from training.data.faces import Pixels

Groups = NDArray[np.int64]

SHRUNK = 12  # pixels of the sides at which pictures are compared
# Correlation. Of FER2013's pictures that have versions by a slower search (with affine alignment, from .82
# on), this finds 81 %, and takes 2 % of those without for versions of others.
ALIKE = 0.93
BLOCK = 1024  # pictures compared with all others at a time
TWENTIETHS = 20  # of the groups one is for validation and one for the test, the mission's shares


def near_groups(pixels: Pixels) -> Groups:
    """(n,) the smallest row of each picture's group: those alike, mirrored or not."""
    group = np.arange(len(pixels))
    for row, other in _pairs(pixels):
        _join(group, row, other)
    return np.array([_root(group, row) for row in range(len(group))])


def split_by_group(pixels: Pixels, group: Groups) -> Groups:
    """(n,) 0 training, 1 validation, 2 test, by the hash of the group's first picture."""
    drawn = [int(hashlib.sha256(picture.tobytes()).hexdigest(), 16) % TWENTIETHS for picture in pixels]
    of_group = np.array(drawn)[group]
    return np.select([of_group == 0, of_group == 1], [1, 2], 0)


def _pairs(pixels: Pixels) -> Iterator[tuple[int, int]]:
    plain, mirrored = _features(pixels), _features(pixels[:, :, ::-1])
    for start in tqdm(range(0, len(pixels), BLOCK), "versions of one photo", leave=False):
        block = plain[start : start + BLOCK]
        alike = np.maximum(block @ plain[start:].T, block @ mirrored[start:].T) >= ALIKE
        rows, others = np.nonzero(np.triu(alike, 1))
        yield from zip((rows + start).tolist(), (others + start).tolist(), strict=True)


def _features(pixels: Pixels) -> NDArray[np.float32]:
    """(n, SHRUNK * SHRUNK) shrunk pictures of mean 0 and length 1; blank pictures are like nothing."""
    small = [cv2.resize(picture, (SHRUNK, SHRUNK), interpolation=cv2.INTER_AREA) for picture in pixels]
    features = np.stack(small).reshape(len(pixels), -1).astype(np.float32)
    features -= features.mean(axis=1, keepdims=True)
    length = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(np.where(length > 1, features / np.maximum(length, 1), 0), dtype=np.float32)


def _root(group: Groups, row: int) -> int:
    while group[row] != row:
        group[row] = group[group[row]]
        row = int(group[row])
    return row


def _join(group: Groups, row: int, other: int) -> None:
    first, second = sorted((_root(group, row), _root(group, other)))
    group[second] = first
