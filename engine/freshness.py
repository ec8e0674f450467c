"""Which frames of a backlog are still worth reading. Pure: the time is an argument."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.frame import Frame

STALE_AFTER = 0.4  # seconds on the bus; a live view that lags by more is a recording


@dataclass(frozen=True, slots=True, eq=False)
class Arrived:
    """A frame, and when it came onto the bus; a camera's own clock may lag behind that."""

    entry: bytes  # its ID on the bus
    frame: Frame
    at: float  # seconds of the clock that is asked for how late it is


def is_stale(arrived: Arrived, now: float) -> bool:
    """Whether a frame is too old to be read at `now` (seconds); those of a recording never are."""
    return arrived.frame.captured_at is not None and now - arrived.at > STALE_AFTER


def fresh(arrived: Sequence[Arrived], now: float) -> list[Arrived]:
    """Leaves out what is stale at `now` (seconds), but never a source's newest frame."""
    newest = {each.frame.source: index for index, each in enumerate(arrived)}
    return [
        each
        for index, each in enumerate(arrived)
        if newest[each.frame.source] == index or not is_stale(each, now)
    ]
