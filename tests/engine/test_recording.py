"""Decoding ahead: bounded, in order, and gone when nobody reads any more."""

import threading
from collections.abc import Iterator

import pytest

from engine.recording import DecodeAhead
from ingest.frame import Frame
from tests.engine.faces import frame
from tests.waiting import until


class Counted:
    """Frames that count how many were asked for."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.given = 0

    def __iter__(self) -> Iterator[Frame]:
        for number in range(self.total):
            self.given += 1
            yield frame(number)


def decoding() -> bool:
    return any(thread.name == "decode" for thread in threading.enumerate())


def test_full_batches_and_a_rest_in_order() -> None:
    with DecodeAhead(Counted(19), depth=4) as ahead:
        batches = list(ahead.batches(8))
    assert [len(batch) for batch in batches] == [8, 8, 3]
    assert [each.number for batch in batches for each in batch] == list(range(19))


def test_no_more_than_the_depth_is_decoded_ahead() -> None:
    frames = Counted(100)
    with DecodeAhead(frames, depth=4) as ahead:
        next(ahead.batches(8))
        until(lambda: frames.given >= 12, 5, "it decodes ahead")
        assert frames.given <= 8 + 4 + 1
    assert not decoding()


def test_leaving_early_ends_the_thread() -> None:
    frames = Counted(10_000)
    with DecodeAhead(frames, depth=2) as ahead:
        next(ahead.batches(2))
    assert not decoding()
    assert frames.given < 10


def test_an_error_in_decoding_reaches_who_reads() -> None:
    def broken() -> Iterator[Frame]:
        yield frame(0)
        raise ValueError("no more")

    with DecodeAhead(broken(), depth=2) as ahead, pytest.raises(ValueError, match="no more"):
        list(ahead.batches(8))
    assert not decoding()
