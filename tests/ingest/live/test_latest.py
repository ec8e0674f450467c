"""The newest wins; who puts never waits."""

import threading

from ingest.live.latest import Newest


def test_the_newest_wins_and_the_rest_is_counted() -> None:
    newest: Newest[int] = Newest()
    for number in range(5):
        newest.put(number)
    assert newest.take(0) == 4
    assert newest.dropped == 4
    assert newest.take(0) is None


def test_what_is_taken_is_not_dropped() -> None:
    newest: Newest[int] = Newest()
    for number in range(5):
        newest.put(number)
        assert newest.take(0) == number
    assert newest.dropped == 0


def test_the_last_one_can_be_taken_after_closing() -> None:
    newest: Newest[int] = Newest()
    newest.put(1)
    newest.close()
    assert not newest.ended
    assert newest.take(0) == 1
    assert newest.ended


def test_closing_wakes_who_waits() -> None:
    newest: Newest[int] = Newest()
    taken: list[int | None] = []
    waiting = threading.Thread(target=lambda: taken.append(newest.take(60)))
    waiting.start()
    newest.close()
    waiting.join(5)
    assert taken == [None]
