"""Sends frames and previews to Redis in a thread of its own, so that a slow Redis never stops decoding."""

import logging
import threading
import time
from dataclasses import dataclass

from ingest.bus.connection import REDIS_ERRORS
from ingest.bus.frame_stream import FrameStream
from ingest.bus.lease import LeaseLostError
from ingest.bus.previews import Previews
from ingest.bus.source_config import PreviewMode
from ingest.bus.wire import encode_frame
from ingest.frame import Frame
from ingest.live.latest import LatestSlot
from ingest.live.preview import PREVIEW_INTERVAL, jpeg_of
from ingest.pace import SECOND
from ingest.picture.display import Picture

WATCH_INTERVAL = 1.0  # seconds between two checks for viewers
LOG_INTERVAL = 1.0  # seconds between two log lines about losses
TAKE_TIMEOUT = 0.5  # seconds
LOST_DELAY = 5.0  # seconds after another ingest has taken over
RETRY_DELAY = 0.2  # seconds after an error of Redis

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class CapturedFrame:
    """A frame to send, with the decoded picture that it was made from."""

    frame: Frame
    picture: Picture


class Sender(threading.Thread):
    """Sends the latest frame, and its preview while a viewer watches, until the slot is closed."""

    def __init__(self, stream: FrameStream, previews: Previews, slot: LatestSlot[CapturedFrame]) -> None:
        super().__init__(name="sender", daemon=True)
        self._stream = stream
        self._previews = previews
        self._slot = slot
        self._checked_at = 0.0
        self._mode: PreviewMode = "none"  # "none" also while nobody watches
        self._preview_time = -SECOND  # ns; media time of the last preview
        self._logged_drops = 0
        self._logged_at = 0.0

    def run(self) -> None:
        try:
            self._send()
        except Exception as error:  # raised again in the decoding thread
            self._slot.fail(error)

    def _send(self) -> None:
        while not self._slot.ended:
            captured = self._slot.take(TAKE_TIMEOUT)
            if captured is None:
                continue
            try:
                self._stream.push(encode_frame(captured.frame))
                self._send_preview(captured)
            except LeaseLostError as error:
                log.warning("%s: %s", captured.frame.source, error)
                time.sleep(LOST_DELAY)
            except REDIS_ERRORS as error:
                log.warning("%s: redis: %s", captured.frame.source, error)
                time.sleep(RETRY_DELAY)
            self._log_drops(captured.frame.source)

    def _send_preview(self, captured: CapturedFrame) -> None:
        source, media_time = captured.frame.source, captured.frame.media_time
        if time.monotonic() - self._checked_at >= WATCH_INTERVAL:
            self._checked_at = time.monotonic()
            self._mode = self._previews.mode(source) if self._previews.is_watched(source) else "none"
        if self._mode == "none":
            return
        if media_time - self._preview_time >= PREVIEW_INTERVAL[self._mode] * SECOND:
            self._preview_time = media_time
            jpeg = jpeg_of(captured.picture, blurred=self._mode == "blurred")
            self._previews.put(source, jpeg, media_time, self._mode)

    def _log_drops(self, source: str) -> None:
        drops = self._slot.dropped - self._logged_drops
        if drops and time.monotonic() - self._logged_at >= LOG_INTERVAL:
            log.warning("redis is slow: %d frames of %s skipped", drops, source)
            self._logged_drops, self._logged_at = self._slot.dropped, time.monotonic()
