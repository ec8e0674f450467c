"""Pauses between attempts grow, but not so fast that a camera's return is missed for long."""

from ingest.live.backoff import LONGEST, Pauses


def test_they_grow_to_the_longest() -> None:
    pauses = Pauses()
    waits = [pauses.after(0.0) for _ in range(30)]
    assert waits[0] == 0.5
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST


def test_after_an_outage_of_five_seconds_they_are_short() -> None:
    pauses = Pauses()
    out = 0.0
    while out < 5.0:
        out += pauses.after(0.0)
    assert pauses.after(0.0) <= 2.5
    assert out - 5.0 <= 2.0  # so long after its return the camera is tried


def test_a_good_connection_starts_them_over() -> None:
    pauses = Pauses()
    for _ in range(10):
        pauses.after(0.0)
    assert pauses.after(60.0) == 0.5


def test_a_camera_that_flaps_is_not_hammered() -> None:
    pauses = Pauses()
    waits = [pauses.after(0.2) for _ in range(20)]
    assert waits[-1] == LONGEST
