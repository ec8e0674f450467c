"""Gives the pictures of AVI and GIF the times at which players show them.

AVI has no times: it counts packets, in the order of decoding. FFmpeg takes that count for the time of the
picture in the packet, which is wrong where a picture refers to a later one
(findings/h264_b_frames_in_avi_get_times_of_decoding.sh). But pictures leave the decoder in the order in which
they are shown, each with the DTS of the packet that released it: its own time, later by the number of
pictures that the decoder holds back.
"""

import av
from av.packet import Packet
from av.stream import Stream

MAX_HELD = 16  # pictures (ITU-T H.264, A.3.1: MaxDpbFrames)
TOO_SHORT, USUAL = 1, 10  # ticks of GIF's clock, 1/100 s; browsers show the first as the second


class AviTimes:
    """Times of the pictures of one AVI, in ticks of its stream."""

    def __init__(self) -> None:
        self.held: int | None = (
            None  # ticks by which a picture follows its own packet; known from the first one
        )
        self._first: int | None = None  # DTS of the first key packet
        self._taken = 0  # packets since that one
        self._last = self._interval = 0  # PTS of the last picture, and its distance to the one before

    def take(self, packet: "Packet[Stream]") -> None:
        """Note a packet that is going to be decoded."""
        if packet.is_keyframe and self._first is None:
            self._first = packet.dts
        self._taken += self._first is not None

    def set(self, image: av.VideoFrame) -> None:
        """Set the PTS of the next picture."""
        if image.dts is None:  # it was released by the end of the stream
            image.pts = self._last + self._interval
        else:
            image.pts = image.dts - self._holds(image.dts)
        self._last, self._interval = image.pts, image.pts - self._last

    def _holds(self, released: int) -> int:
        if self.held is None:
            is_first = self._taken <= MAX_HELD  # else the first key picture was damaged
            self.held = max(0, released - self._first) if is_first and self._first is not None else 0
        return self.held


class GifTimes:
    """Stretches too short delays, which FFmpeg 8 keeps (findings/ffmpeg_8_keeps_short_gif_delays.sh)."""

    def __init__(self) -> None:
        self._added = 0  # ticks so far

    def stretch(self, packet: "Packet[Stream]") -> None:
        """Move a packet behind those before it, and lengthen it."""
        if packet.pts is None or packet.duration is None:
            return
        packet.pts = packet.dts = packet.pts + self._added
        if packet.duration <= TOO_SHORT:
            self._added += USUAL - packet.duration
            packet.duration = USUAL
