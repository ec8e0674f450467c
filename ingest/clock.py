"""The clocks of streams: where one starts again or jumps, time goes on where it was. Pure.

`LiveClock` is for live sources, which have the wall clock beside them, `FileClock` for recordings.
"""

from ingest.pace import SECOND

# A time that goes back by more is a clock that starts again; a smaller step is a picture out of order.
MAX_DISORDER = SECOND  # ns

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


def starts_again(last: int, time: int) -> bool:
    """Return whether a clock that goes from `last` to `time` (ns) starts again."""
    return time < last - MAX_DISORDER


class FileClock:
    """Finds where the clock of a recording starts again or jumps, and the shift (ns) of what follows.

    It sees the packets of one stream in the order of decoding. The part after a seam goes on at the end of
    the part before. A key picture is shown after all before it, so one that is shown at the start of the
    part or earlier starts the clock again, however short the part was.
    """

    def __init__(self, largest_hole: int) -> None:
        """`largest_hole`: ns; a longer time without a picture is a clock that jumps."""
        self.shift = 0  # ns, to add to the times of the stream
        self.seams = 0
        self._largest_hole = largest_hole
        self._first: int | None = None  # ns; the first key picture of this part
        self._shown: int | None = None  # ns; the latest time at which a picture of this part is shown
        self._decoded: int | None = None  # ns; when the newest packet is decoded
        self._is_new_part = False

    def begin_part(self) -> None:
        """Expect the first packet of another recording, whose clock may go on by chance or on purpose."""
        self._first, self._decoded, self._is_new_part = None, None, True

    def begin(self, first: int | None) -> None:
        """Continue behind a seek in a part whose first key picture was at `first` (ns)."""
        self._first = first

    @property
    def first(self) -> int | None:
        return self._first

    def follow(self, shown: int, decoded: int | None, interval: int, *, is_key: bool) -> str | None:
        """Add the next packet, shown at `shown` and decoded at `decoded` (ns); return what its clock did.

        `decoded`: None where the container does not say; `interval`: ns, the usual one between two pictures,
        which also parts the pictures at a seam.
        """
        jump = None if self._shown is None else self._jump(self._shown, shown, decoded, is_key=is_key)
        if self._shown is not None and jump is not None:
            self.shift += self._shown + interval - shown
            self.seams += 1
            self._first = self._shown = None
        if is_key and self._first is None:
            self._first = shown
        self._shown = shown if self._shown is None else max(self._shown, shown)
        self._decoded, self._is_new_part = decoded, False
        return jump

    def _jump(self, latest: int, shown: int, decoded: int | None, *, is_key: bool) -> str | None:
        if shown - latest > self._largest_hole:
            return f"the clock jumps by {(shown - latest) / SECOND:.0f} s"
        begins = self._is_new_part and shown <= latest
        begins = begins or (is_key and self._first is not None and shown <= self._first < latest)
        if decoded is not None and self._decoded is not None:
            begins = begins or starts_again(self._decoded, decoded)
        return "the clock starts again" if begins else None
