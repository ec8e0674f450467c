"""Media time follows the stream's clock and never goes back, live and in recordings."""

from itertools import pairwise

from ingest.clock import FileClock, LiveClock
from ingest.pace import SECOND

CREATED = 1_000.0  # seconds since the epoch


def test_jitter_of_arrival_has_no_effect() -> None:
    clock = LiveClock(CREATED, 0)
    times = [
        clock.media_time(number * SECOND // 25, 1_060 + number / 25 + number % 3 / 50) for number in range(9)
    ]
    assert times[0] == 60 * SECOND
    assert [time - times[0] for time in times] == [number * SECOND // 25 for number in range(9)]


def test_a_new_connection_continues_after_the_outage() -> None:
    clock = LiveClock(CREATED, 0)
    last = clock.media_time(77 * SECOND, 1_010.0)
    assert LiveClock(CREATED, last).media_time(3 * SECOND, 1_015.0) == last + 5 * SECOND


def test_a_camera_that_ran_fast_never_goes_back() -> None:
    ahead = 12 * SECOND
    clock = LiveClock(CREATED, ahead)
    times = [clock.media_time(number * SECOND // 25, 1_010.0 + number / 25) for number in range(5000)]
    assert times[0] > ahead
    assert all(later > earlier for earlier, later in pairwise(times))
    assert times[25] - times[0] > 0.9 * SECOND  # it does not wait for the wall clock either
    assert times[-1] - 210 * SECOND < 0.7 * SECOND  # and is led back to the wall clock


def test_a_camera_that_sets_its_clock() -> None:
    clock = LiveClock(CREATED, 0)
    clock.media_time(0, 1_010.0)
    assert clock.media_time(3600 * SECOND, 1_010.04) == round(10.04 * SECOND)
    assert clock.media_time(5 * SECOND, 1_010.08) == round(10.08 * SECOND)


def test_time_runs_on_when_the_wall_clock_is_set_back() -> None:
    clock = LiveClock(CREATED, 0)
    before = [clock.media_time(number * SECOND // 25, 1_060 + number / 25) for number in range(25)]
    after = [clock.media_time(number * SECOND // 25, 1_030 + number / 25) for number in range(25, 275)]
    assert 0 < after[0] - before[-1] < 0.1 * SECOND
    assert 0.85 * 10 * SECOND < after[-1] - after[0] < 10 * SECOND  # led back, but it does not stand


def test_time_runs_on_from_far_ahead_of_the_wall_clock() -> None:
    clock = LiveClock(CREATED, 3600 * SECOND)
    times = [clock.media_time(number * SECOND // 25, 1_000 + number / 25) for number in range(250)]
    assert times[-1] - times[0] > 0.85 * 10 * SECOND
    set_back = clock.media_time(2 * SECOND, 1_010.0)
    assert clock.media_time(3 * SECOND, 1_011.0) - set_back > 0.85 * SECOND


def test_a_stream_that_falls_behind_is_reset() -> None:
    clock = LiveClock(CREATED, 0)
    times = [clock.media_time(number * SECOND // 50, 1_000 + number / 25) for number in range(1000)]
    assert times[-1] > 34 * SECOND


def test_equal_times_are_moved_on() -> None:
    clock = LiveClock(CREATED, 0)
    times = [clock.media_time(0, 1_010.0) for _ in range(3)]
    assert times == sorted(set(times))


FRAME = SECOND // 25


def shifts(*times: tuple[int, bool], largest_hole: int = 60 * SECOND) -> list[int]:
    """Return where pictures at `times` (frames, and whether a key picture) are shown, in frames."""
    clock, shown = FileClock(largest_hole), []
    for time, is_key in times:
        clock.follow(time * FRAME, time * FRAME, FRAME, is_key=is_key)
        shown.append(time + clock.shift // FRAME)
    return shown


def test_a_recording_goes_on_after_its_clock_started_again() -> None:
    assert shifts((0, True), (1, False), (0, True), (1, False)) == [0, 1, 2, 3]
    assert shifts((0, True), (60, False), (20, False), (21, False)) == [0, 60, 61, 62]


def test_a_recording_goes_on_after_its_clock_jumped() -> None:
    assert shifts((0, True), (1, False), (2000, True), (2001, False)) == [0, 1, 2, 3]
    assert shifts((0, True), (1, False), (1500, True)) == [0, 1, 1500]


def test_a_picture_out_of_order_is_no_new_clock() -> None:
    assert shifts((5, True), (9, False), (7, False), (8, True), (10, False)) == [5, 9, 7, 8, 10]
