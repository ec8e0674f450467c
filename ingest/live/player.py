"""Plays files as if they were cameras: each frame comes at its time."""

import time
from collections.abc import Iterable, Iterator

from ingest.files.decoder import DecodedFrame, Decoder
from ingest.files.parts import Video
from ingest.live.stream import LiveFrame, SourceLostError
from ingest.pace import SECOND
from ingest.picture.options import NO_CORRECTION, DisplayOptions

# A machine too slow for the file plays it later instead of faster once it lags by more than this.
MAX_LAG = 1.0  # seconds
IDLE_INTERVAL = 1.0  # seconds between two empty lists while no frame is scheduled


class Player:
    """Plays one file after the other; time runs on from each to the next without a gap."""

    def __init__(
        self,
        files: Iterable[Video],
        options: DisplayOptions = NO_CORRECTION,
    ) -> None:
        """`files`: opened by their iterator one after the other, and closed here."""
        self._files = files
        self._options = options
        self._began: float | None = None  # seconds, monotonic, when time 0 was played

    def __iter__(self) -> Iterator[list[LiveFrame]]:
        """Yield the frame whose time has come, or nothing after a second. Raise SourceLostError."""
        offset = 0
        for video in self._files:
            decoder = Decoder(video, self._options)
            try:
                for frame in decoder:
                    yield from self._play(frame, offset + frame.media_time)
            finally:
                video.close()
            if decoder.broken or decoder.refused or not decoder.decoded:
                raise SourceLostError(decoder.broken or decoder.refused or "no frame could be decoded")
            offset += decoder.end

    def _play(self, frame: DecodedFrame, pts: int) -> Iterator[list[LiveFrame]]:
        now = time.monotonic()
        began = now if self._began is None else self._began
        wait = began + pts / SECOND - now
        self._began = began if wait > -MAX_LAG else began - wait
        while wait > IDLE_INTERVAL:
            time.sleep(IDLE_INTERVAL)
            wait -= IDLE_INTERVAL
            yield []
        time.sleep(max(0.0, wait))
        yield [LiveFrame(pts, time.time(), None, frame.picture, frame.damaged)]
