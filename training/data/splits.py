"""Which pictures of FER2013 are learnt from, watched over the training, and asked for in the test."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.labels import FIVE

Mask = NDArray[np.bool_]
Split = tuple[Mask, Mask, Mask]  # training, validation, test

TRAINING, PUBLIC, PRIVATE = 0, 1, 2  # the official split
TWENTY = 20  # one picture in so many is in the mission's validation, and one in its test


def clean(usage: NDArray[np.uint8], group: NDArray[np.int32], _label: NDArray[np.int64]) -> Split:
    """No photo has versions in two sets.

    The test is the official PrivateTest, whole. The official PublicTest is the validation, less the
    photos that are also in the test; training is the rest, less the photos of both.
    """
    test = usage == PRIVATE
    validation = (usage == PUBLIC) & ~np.isin(group, group[test])
    train = (usage == TRAINING) & ~np.isin(group, group[test | validation])
    return train, validation, test


def official(usage: NDArray[np.uint8], _group: NDArray[np.int32], _label: NDArray[np.int64]) -> Split:
    """The contest's own, as the literature reports on it: versions of test photos are learnt from."""
    return usage == TRAINING, usage == PUBLIC, usage == PRIVATE


def mission(_usage: NDArray[np.uint8], _group: NDArray[np.int32], label: NDArray[np.int64]) -> Split:
    """The mission's random 90/5/5 of the five classes, with the same leak."""
    rows = np.random.default_rng(0).permutation(np.flatnonzero(label < len(FIVE)))
    tested = -(-len(rows) // TWENTY)  # 1,229, as in the mission's report
    watched = 2 * tested
    train, validation, test = (np.zeros(len(label), dtype=np.bool_) for _ in range(3))
    test[rows[:tested]] = validation[rows[tested:watched]] = train[rows[watched:]] = True
    return train, validation, test


SPLITS: dict[str, Callable[[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int64]], Split]] = {
    "clean": clean,
    "official": official,
    "mission": mission,
}
