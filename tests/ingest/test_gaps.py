"""A source has a gap when it has no picture for two seconds and for three usual intervals."""

from ingest.gaps import UsualInterval, is_gap
from ingest.pace import SECOND


def test_a_gap_is_longer_than_two_seconds_and_three_intervals() -> None:
    assert not is_gap(2 * SECOND, SECOND // 25)
    assert is_gap(2 * SECOND + 1, SECOND // 25)
    assert not is_gap(15 * SECOND, 5 * SECOND)
    assert is_gap(15 * SECOND + 1, 5 * SECOND)


def test_the_usual_interval_is_the_median_of_the_last() -> None:
    usual = UsualInterval(40)
    assert usual.value == 40
    for interval in (5000, 40, 5000, 5000):
        usual.ends_with_gap(interval)
    restored = UsualInterval(40)
    restored.restore(usual.state())
    assert restored.value == usual.value == 5000


def test_the_first_interval_is_no_gap() -> None:
    usual = UsualInterval(SECOND // 25)
    assert not usual.ends_with_gap(5 * SECOND)
    assert not usual.ends_with_gap(5 * SECOND)
    assert usual.ends_with_gap(16 * SECOND)
