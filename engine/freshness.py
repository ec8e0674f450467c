"""Which frames of a backlog are still worth reading. Pure: the time is an argument."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.frame import Frame

STALE_AFTER = 0.4  # seconds on the bus; a live view that lags by more is a recording


@dataclass(frozen=True, slots=True, eq=False)
class Arrived:
    """A frame, and when it came onto the bus; a camera's own clock may lag behind that."""

    frame: Frame
    at: float  # seconds since the epoch


def fresh(arrived: Sequence[Arrived], now: float) -> list[Frame]:
    """Leaves out what is stale at `now` (seconds since the epoch), but never a source's newest frame."""
    newest = {each.frame.source: index for index, each in enumerate(arrived)}
    return [
        each.frame
        for index, each in enumerate(arrived)
        if newest[each.frame.source] == index
        or each.frame.captured_at is None  # from a recording
        or now - each.at <= STALE_AFTER
    ]
