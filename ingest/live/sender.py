"""The half of a decode child that talks to Redis, in a thread of its own: a slow bus never stops decoding."""

import logging
import threading
import time
from dataclasses import dataclass

import av

from ingest.bus.connection import REDIS_ERRORS
from ingest.bus.frame_stream import FrameStream
from ingest.bus.previews import Previews
from ingest.bus.source_config import PreviewMode
from ingest.bus.wire import encode_frame
from ingest.frame import Frame
from ingest.live.latest import Newest
from ingest.live.preview import BETWEEN, jpeg_of
from ingest.pace import SECOND

LOOKS_EVERY = 1.0  # seconds between two looks whether somebody watches
TELLS_EVERY = 1.0  # seconds between two lines about losses
WAITS = 0.5  # seconds for a frame

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A frame on its way out, with the picture that it came from."""

    frame: Frame
    pixels: av.VideoFrame


class Sender(threading.Thread):
    """Puts the newest frame on the bus, and its preview while somebody watches, until `shots` is closed."""

    def __init__(self, frames: FrameStream, previews: Previews, shots: Newest[Shot]) -> None:
        super().__init__(name="sender", daemon=True)
        self._frames = frames
        self._previews = previews
        self._shots = shots
        self._looked_at = 0.0
        self._shown: PreviewMode = "none"  # of the picture, while somebody watches
        self._previewed = -SECOND
        self._told = 0  # losses told so far
        self._told_at = 0.0

    def run(self) -> None:
        while not self._shots.ended:
            shot = self._shots.take(WAITS)
            if shot is None:
                continue
            try:
                self._send(shot)
            except REDIS_ERRORS as error:
                log.warning("%s: redis: %s", shot.frame.source, error)
                time.sleep(0.2)
            self._tell(shot.frame.source)

    def _send(self, shot: Shot) -> None:
        frame = shot.frame
        self._frames.push(encode_frame(frame))
        if time.monotonic() - self._looked_at >= LOOKS_EVERY:
            self._looked_at = time.monotonic()
            watched = self._previews.is_watched(frame.source)
            self._shown = self._previews.mode(frame.source) if watched else "none"
        if self._shown == "none":
            return
        if frame.media_time - self._previewed >= BETWEEN[self._shown] * SECOND:
            self._previewed = frame.media_time
            jpeg = jpeg_of(shot.pixels, blurred=self._shown == "blurred")
            self._previews.put(frame.source, jpeg, frame.media_time, self._shown)

    def _tell(self, source: str) -> None:
        lost = self._shots.dropped - self._told
        if lost and time.monotonic() - self._told_at >= TELLS_EVERY:
            log.warning("redis is slow: %d frames of %s skipped", lost, source)
            self._told, self._told_at = self._shots.dropped, time.monotonic()
