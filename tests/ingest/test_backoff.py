"""Delays between attempts grow, but not so fast that a camera's return is noticed late."""

from ingest.live.keeper import FIRST_DELAY, LONGEST_DELAY, source_backoff


def test_delays_grow_to_the_longest() -> None:
    backoff = source_backoff()
    delays = [backoff.delay(0.0) for _ in range(30)]
    assert delays[0] == FIRST_DELAY
    assert delays == sorted(delays)
    assert delays[-1] == LONGEST_DELAY


def test_delays_are_short_after_an_outage_of_five_seconds() -> None:
    backoff = source_backoff()
    outage = 0.0
    while outage < 5.0:
        outage += backoff.delay(0.0)
    assert backoff.delay(0.0) <= 2.5
    assert outage - 5.0 <= 2.0  # the first attempt after the camera's return


def test_a_stable_connection_resets_the_delay() -> None:
    backoff = source_backoff()
    for _ in range(10):
        backoff.delay(0.0)
    assert backoff.delay(60.0) == FIRST_DELAY


def test_a_short_connection_does_not_reset_the_delay() -> None:
    backoff = source_backoff()
    delays = [backoff.delay(0.2) for _ in range(20)]
    assert delays[-1] == LONGEST_DELAY
