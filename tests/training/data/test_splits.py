"""The clean split keeps a photo in one set; the two others are those of published figures."""

import numpy as np

from training.data.splits import clean, mission, official

USAGE = np.array([0, 0, 0, 1, 1, 2, 2], dtype=np.uint8)
GROUP = np.array([0, 3, 5, 3, 5, 5, 6], dtype=np.int32)
LABEL = np.arange(7)


def test_no_photo_is_in_two_sets_of_the_clean_split() -> None:
    train, validation, test = clean(USAGE, GROUP, LABEL)
    assert test.tolist() == [False] * 5 + [True] * 2
    assert validation.tolist() == [False, False, False, True, False, False, False]  # row 4 is in the test
    assert train.tolist() == [True, False, False, False, False, False, False]


def test_the_official_split_follows_the_usage() -> None:
    train, validation, test = official(USAGE, GROUP, LABEL)
    assert (train.sum(), validation.sum(), test.sum()) == (3, 2, 2)


def test_the_mission_s_split_has_its_five_classes_and_numbers() -> None:
    label = np.concatenate([np.arange(24_568) % 5, np.full(11_319, 6)])
    train, validation, test = mission(USAGE, GROUP, label)
    assert (train.sum(), validation.sum(), test.sum()) == (22_110, 1229, 1229)
    assert not (train & validation | train & test | validation & test).any()
    assert set(label[train | validation | test]) == {0, 1, 2, 3, 4}
    again = mission(USAGE, GROUP, label)[2]
    np.testing.assert_array_equal(again, test)
