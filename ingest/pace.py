"""Picks evenly spaced frames: pure, and the same for cameras and recordings."""

SECOND = 1_000_000_000  # ns

# Containers round times to a millisecond, RTP clocks jitter by less: not a reason to miss a frame.
ROUNDING = 1_000_000  # ns


class Pace:
    """Decides by media time alone which frames are read.

    A frame is picked when at least 1/rate less half a frame interval has passed since the last pick, so
    that the picks keep to the frames' own grid: 25 frames a second at rate 10 give every second frame.
    """

    def __init__(self, rate: float | None) -> None:
        """`rate` is readings a second; None picks every frame."""
        self._between = 0 if rate is None else round(SECOND / rate)  # ns
        self._previous: int | None = None
        self._picked: int | None = None

    def picks(self, media_time: int) -> bool:
        """Whether the frame at `media_time` (ns) is to be read; called once for every frame, in order."""
        interval = 0 if self._previous is None else media_time - self._previous
        self._previous = media_time
        if self._picked is not None and 0 <= media_time - self._picked < self._wait(interval):
            return False
        self._picked = media_time
        return True

    def go_on(self, media_time: int) -> None:
        """Takes up again behind the frame at `media_time` (ns), which was picked."""
        self._previous = self._picked = media_time

    def _wait(self, interval: int) -> int:
        return self._between - interval // 2 - ROUNDING
