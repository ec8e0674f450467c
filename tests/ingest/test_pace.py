"""Frames are picked evenly by their times."""

from collections.abc import Sequence
from itertools import pairwise

import pytest

from ingest.pace import Pace

MS = 1_000_000  # ns


def picked(times: Sequence[int], rate: float | None) -> list[int]:
    """Return the picked times in ms."""
    pace = Pace(rate)
    return [time for time in times if pace.picks(time * MS)]


@pytest.mark.parametrize(
    ("frames_per_second", "picks_per_second"),
    [(60, 10), (50, 10), (30, 10), (29.97, 9.99), (25, 12.5), (24, 12), (15, 15), (12, 12), (10, 10), (5, 5)],
)
def test_at_rate_ten(frames_per_second: float, picks_per_second: float) -> None:
    times = [round(number * 1000 / frames_per_second) for number in range(round(frames_per_second * 20))]
    assert len(picked(times, 10)) == pytest.approx(picks_per_second * 20, abs=1)


def test_picks_are_even() -> None:
    times = picked([number * 40 for number in range(100)], 10)
    assert {later - earlier for earlier, later in pairwise(times)} == {80}


def test_without_a_rate_every_frame_is_picked() -> None:
    assert picked([0, 1, 2, 40, 41], None) == [0, 1, 2, 40, 41]


def test_after_a_pause_the_next_frame_is_picked() -> None:
    assert picked([0, 40, 5000, 5040, 5080], 10) == [0, 5000, 5080]


def test_time_that_goes_back_picks_the_next_frame() -> None:
    assert picked([9000, 9040, 100, 140, 180], 10) == [9000, 100, 180]
