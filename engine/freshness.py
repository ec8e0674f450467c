"""Which frames of a backlog are still worth reading. Pure: the time is an argument."""

from collections.abc import Sequence

from ingest.frame import Frame

STALE_AFTER = 0.4  # seconds from a frame's arrival; a live view that lags by more is a recording


def fresh(frames: Sequence[Frame], now: float) -> list[Frame]:
    """Leaves out what is stale at `now` (seconds since the epoch), but never a source's newest frame."""
    newest = {frame.source: index for index, frame in enumerate(frames)}
    return [
        frame
        for index, frame in enumerate(frames)
        if newest[frame.source] == index
        or frame.captured_at is None
        or now - frame.captured_at.timestamp() <= STALE_AFTER
    ]
