"""Picks evenly spaced frames of cameras and recordings. Pure."""

SECOND = 1_000_000_000  # ns
# Containers round times to a millisecond, and RTP clocks jitter by less: no reason to skip a frame.
ROUNDING = 1_000_000  # ns


class Pace:
    """Decides by media time which frames are read.

    A frame is picked if at least 1/rate less half a frame interval has passed since the last picked one. So
    the picked frames follow the grid of the video: of 25 frames a second, rate 10 picks every second one.
    """

    def __init__(self, rate: float | None) -> None:
        """`rate`: readings a second; None picks every frame."""
        self._interval = 0 if rate is None else round(SECOND / rate)  # ns
        self._previous: int | None = None
        self._picked: int | None = None

    def picks(self, media_time: int) -> bool:
        """Return whether to read the frame at `media_time` (ns). Call this once for each frame, in order."""
        interval = 0 if self._previous is None else media_time - self._previous
        self._previous = media_time
        if self._picked is not None and 0 <= media_time - self._picked < self._min_gap(interval):
            return False
        self._picked = media_time
        return True

    def resume(self, media_time: int) -> None:
        """Resume after the frame at `media_time` (ns), which was picked."""
        self._previous = self._picked = media_time

    def _min_gap(self, interval: int) -> int:
        return self._interval - interval // 2 - ROUNDING
