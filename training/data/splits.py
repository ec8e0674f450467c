"""Splits of FER2013 into training, validation and test set."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.labels import FIVE
from training.arrays import Integers, Mask

Split = tuple[Mask, Mask, Mask]  # training, validation, test

TRAINING, PUBLIC, PRIVATE = 0, 1, 2  # the official split


def clean(usage: NDArray[np.uint8], group: NDArray[np.int32], _labels: Integers) -> Split:
    """Split so that no photo has versions in two sets.

    The test set is the official PrivateTest, whole. The validation set is the official PublicTest without the
    photos of the test set; the training set is the rest without the photos of both.
    """
    test = usage == PRIVATE
    validation = (usage == PUBLIC) & ~np.isin(group, group[test])
    train = (usage == TRAINING) & ~np.isin(group, group[test | validation])
    return train, validation, test


def official(usage: NDArray[np.uint8], _group: NDArray[np.int32], _labels: Integers) -> Split:
    """Split as the contest and the literature do; the training set has versions of test photos."""
    return usage == TRAINING, usage == PUBLIC, usage == PRIVATE


def mission(_usage: NDArray[np.uint8], _group: NDArray[np.int32], labels: Integers) -> Split:
    """Split five classes at random, 90/5/5, as the mission's report did, with the same leak."""
    rows = np.random.default_rng(0).permutation(np.flatnonzero(labels < len(FIVE)))
    size = -(-len(rows) // 20)  # 1,229, as in the mission's report
    train, validation, test = np.zeros((3, len(labels)), dtype=np.bool_)
    test[rows[:size]] = validation[rows[size : 2 * size]] = train[rows[2 * size :]] = True
    return train, validation, test


SPLITS: dict[str, Callable[[NDArray[np.uint8], NDArray[np.int32], Integers], Split]] = {
    "clean": clean,
    "official": official,
    "mission": mission,
}
