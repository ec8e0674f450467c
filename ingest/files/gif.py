"""Gives the pictures of a GIF the durations that browsers give them."""

from av.packet import Packet
from av.stream import Stream

TOO_SHORT, USUAL = 1, 10  # ticks of GIF's clock, 1/100 s; browsers show the first as the second


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
