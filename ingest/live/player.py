"""Plays files as if they were cameras: each picture comes when it is due."""

import time
from collections.abc import Iterable, Iterator

from av.container import InputContainer
from av.video.stream import VideoStream

from ingest.files.decoder import Decoder, Picture
from ingest.live.stream import LivePicture, SourceLostError
from ingest.pace import SECOND

# A machine too slow for the file plays it later rather than faster, once it lags by more than this.
LAG = 1.0  # seconds

# While nothing is due, a word that the player is still there.
WORD_EVERY = 1.0  # seconds


class Player:
    """Plays one file after the other; time goes on from each to the next without a seam."""

    def __init__(self, files: Iterable[tuple[InputContainer, VideoStream]]) -> None:
        """`files` are opened by their iterator, each when its turn comes, and closed here."""
        self._files = files
        self._began: float | None = None  # seconds since the epoch, when time 0 was due

    def __iter__(self) -> Iterator[list[LivePicture]]:
        """The picture that is due, or nothing for a second. Raises SourceLostError."""
        offset = 0
        for container, stream in self._files:
            decoder = Decoder(container, stream)
            try:
                for picture in decoder:
                    yield from self._play(picture, offset + picture.media_time)
            finally:
                container.close()
            if decoder.broken or not decoder.decoded:
                raise SourceLostError(decoder.broken or "no picture could be decoded")
            offset += decoder.end

    def _play(self, picture: Picture, pts: int) -> Iterator[list[LivePicture]]:
        began = self._began or time.time()
        wait = began + pts / SECOND - time.time()
        self._began = began if wait > -LAG else began - wait
        while wait > WORD_EVERY:
            time.sleep(WORD_EVERY)
            wait -= WORD_EVERY
            yield []
        time.sleep(max(0.0, wait))
        yield [LivePicture(pts, time.time(), None, picture.pixels, picture.damaged)]
