"""The latest item wins, and `put` never waits."""

import threading

from ingest.live.latest import LatestSlot


def test_the_latest_item_wins_and_replaced_ones_are_counted() -> None:
    slot: LatestSlot[int] = LatestSlot()
    for number in range(5):
        slot.put(number)
    assert slot.take(0) == 4
    assert slot.dropped == 4
    assert slot.take(0) is None


def test_a_taken_item_is_not_dropped() -> None:
    slot: LatestSlot[int] = LatestSlot()
    for number in range(5):
        slot.put(number)
        assert slot.take(0) == number
    assert slot.dropped == 0


def test_the_last_item_can_be_taken_after_closing() -> None:
    slot: LatestSlot[int] = LatestSlot()
    slot.put(1)
    slot.close()
    assert not slot.ended
    assert slot.take(0) == 1
    assert slot.ended


def test_closing_ends_a_waiting_take() -> None:
    slot: LatestSlot[int] = LatestSlot()
    taken: list[int | None] = []
    waiting = threading.Thread(target=lambda: taken.append(slot.take(60)))
    waiting.start()
    slot.close()
    waiting.join(5)
    assert taken == [None]
