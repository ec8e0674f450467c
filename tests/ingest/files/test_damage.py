"""Damaged intervals, from errors and frames in the order of a real decoder."""

from ingest.files.damage import Damage, DamageLog


def test_an_error_is_damage_between_two_good_frames() -> None:
    log = DamageLog()
    assert not log.good(0)
    log.error(80, "damaged data")
    assert not log.good(40)  # the decoder was still holding it back
    assert log.good(120)
    assert not log.good(160)
    assert log.found == [Damage(40, 120, "damaged data")]


def test_close_intervals_are_merged() -> None:
    log = DamageLog()
    log.good(0)
    for time in (40, 120):
        log.error(time, "damaged data")
        assert log.good(time + 40)
    assert log.found == [Damage(0, 160, "damaged data")]


def test_distant_intervals_are_not_merged() -> None:
    log = DamageLog()
    second = 1_000_000_000
    for number in range(3):
        log.good(number * second)
        log.error(number * second + 1, "damaged data")  # noqa: G003
        log.good(number * second + 2)
    assert [damage.started for damage in log.found] == [0, second, 2 * second]


def test_an_error_with_no_good_frame_after_it_lasts_to_the_end() -> None:
    log = DamageLog()
    log.good(40)
    log.error(80, "damaged data")
    log.end(200, None)
    assert log.found == [Damage(40, 200, "damaged data")]


def test_a_missing_tail_is_damage() -> None:
    log = DamageLog()
    log.good(40)
    log.end(9000, "ends at 0.04 s of 9.00 s")
    assert log.found == [Damage(40, 9000, "ends at 0.04 s of 9.00 s")]


def test_a_whole_recording_has_no_damage() -> None:
    log = DamageLog()
    log.good(0)
    log.end(40, None)
    assert log.found == []
