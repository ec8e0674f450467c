"""The media time of a live source: pure. It runs on over reconnections and never goes back."""

from ingest.pace import SECOND

# A stream's time that moves against ours by more than this at once, or that falls behind by more, has been
# set anew: it is taken up where ours stands.
SET_ANEW = 5 * SECOND  # ns

# A camera's clock runs a little fast or slow. Beyond this difference it is led back, by a thousandth of
# the difference with each picture, which no reading notices. Jitter of the network stays below.
DRIFTED = SECOND // 2  # ns
LED_BACK = SECOND // 250  # ns at most with each picture, a tenth of the time between two

STEP = SECOND // 1000  # ns; what a time that does not grow is moved on by


class LiveClock:
    """Counts from the moment when the source was configured.

    A connection begins at the wall clock and goes on by the stream's own time, so that neither jitter of
    the network nor the pause of an outage shifts what was seen. Where that would go back, because the wall
    clock was, it begins behind the last time and keeps its lead, which then shrinks.
    """

    def __init__(self, created_at: float, after: int) -> None:
        """`created_at`: seconds since the epoch; `after`: ns, the last media time that was given before."""
        self._created_at = created_at
        self._last = after
        self._offset: int | None = None
        self._lead = 0  # ns, of the last picture before the wall clock

    def media_time(self, pts: int, arrived: float) -> int:
        """ns, for a picture of the stream's time `pts` (ns) that `arrived` (seconds since the epoch)."""
        wall = round((arrived - self._created_at) * SECOND)
        if self._offset is None or self._is_set_anew(self._offset + pts - wall):
            self._offset = max(wall, self._last + STEP) - pts
        self._lead = self._offset + pts - wall
        if abs(self._lead) > DRIFTED:
            self._offset -= max(-LED_BACK, min(LED_BACK, self._lead // 1000))
        self._last = max(self._offset + pts, self._last + STEP)
        return self._last

    def _is_set_anew(self, lead: int) -> bool:
        return abs(lead - self._lead) > SET_ANEW or lead < -SET_ANEW
