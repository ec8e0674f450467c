"""The media time of a live source, which runs on over reconnections and never goes back. Pure."""

from ingest.pace import SECOND

# A stream's time that jumps by more than this against ours, or falls behind by more, was reset: it continues
# at our time.
RESET_STEP = 5 * SECOND  # ns

# A camera's clock runs a little fast or slow. Beyond this difference it is corrected by a thousandth of the
# difference with each frame, which no reading notices. Network jitter stays below.
MAX_DRIFT = SECOND // 2  # ns
MAX_CORRECTION = SECOND // 250  # ns with each frame, a tenth of a frame interval

STEP = SECOND // 1000  # ns; added where time does not grow


class LiveClock:
    """Counts from the creation of the source.

    A connection starts at the wall clock and continues by the stream's own time, so neither network jitter
    nor an outage shifts the times. If the wall clock was set back, a connection starts after the last media
    time, and its lead over the wall clock then shrinks.
    """

    def __init__(self, created_at: float, position: int) -> None:
        """`created_at`: seconds since the epoch; `position`: ns, the last media time so far."""
        self._created_at = created_at
        self._last = position
        self._offset: int | None = None
        self._lead = 0  # ns, of the last frame over the wall clock

    def media_time(self, pts: int, arrived: float) -> int:
        """Return the media time (ns) of a frame with `pts` (ns) that `arrived` (seconds since the epoch)."""
        wall = round((arrived - self._created_at) * SECOND)
        if self._offset is None or self._is_reset(self._offset + pts - wall):
            self._offset = max(wall, self._last + STEP) - pts
        self._lead = self._offset + pts - wall
        if abs(self._lead) > MAX_DRIFT:
            self._offset -= max(-MAX_CORRECTION, min(MAX_CORRECTION, self._lead // 1000))
        self._last = max(self._offset + pts, self._last + STEP)
        return self._last

    def _is_reset(self, lead: int) -> bool:
        return abs(lead - self._lead) > RESET_STEP or lead < -RESET_STEP
