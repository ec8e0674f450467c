"""Decodes a file's video stream: whole pictures with their times, going on after damage."""

from collections.abc import Iterator
from dataclasses import dataclass

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from ingest.files.damage import DamageLog
from ingest.files.resume import Proof, Resume, SeekUntrustedError, damage_at
from ingest.luma import grey_of
from ingest.pace import SECOND

# A picture's usual length where the file names neither its length nor a rate.
USUAL_LENGTH = SECOND // 25  # ns

# In containers that are read from front to back, more bytes than this between two packets are lost data.
# Headers and padding between packets stay below 4 KiB in all files tried.
UNACCOUNTED = 16 * 1024  # bytes

# A file may declare a little more than it has (rounding, a last frame's length) and still be whole.
TAIL = SECOND // 4  # ns

# The demuxer gives up on a place at once or never: this many failures in a row are a dead end.
DEAD_END = 100


@dataclass(frozen=True, slots=True, eq=False)
class DecodedFrame:
    """A whole decoded frame; its image is valid until the decoder yields the next frame."""

    media_time: int  # ns since the container's start
    image: av.VideoFrame
    damaged: bool  # something is damaged between the picture before and this one


class Decoder:
    """Yields the pictures of one stream in order of media time.

    Not shown are pictures that an edit list leaves out, pictures that the decoder itself flags as broken,
    and such as come later than one already shown.
    """

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self.damage = DamageLog()
        self.decoded = 0  # pictures shown so far
        self.end = 0  # ns; where the last picture shown ends
        self.broken: str | None = None  # why nothing more can be read, where that is not the file's end
        self._container = container
        self._stream = stream
        self._start = (container.start_time or 0) * 1000  # ns
        self._length = round(SECOND / stream.average_rate) if stream.average_rate else USUAL_LENGTH
        self._bytes_end = 0
        self._packet_time = 0  # ns; what the packet at hand is to be shown at
        self._furthest = 0  # ns; the latest of these so far
        self._has_index = "mov" in container.format.name
        self._proof: Proof | None = None  # while pictures come again that were shown before a seek
        stream.thread_type = "AUTO"

    def go_on(self, resume: Resume, *, early: int) -> None:
        """Seeks to a key frame at least `early` ns before the pictures seen last, to go on behind them.

        Raises SeekUntrustedError, as iterating does from then on until it is sure of the place.
        """
        self.damage, self.decoded, self.end = damage_at(resume.mark), resume.mark.decoded, resume.mark.end
        self._proof = Proof(resume)
        place = min(resume.seen) - early
        if place <= 0:
            raise SeekUntrustedError("the start is as near")
        base = self._stream.time_base
        assert base is not None
        ticks = (place + self._start) * base.denominator // (base.numerator * SECOND)
        try:
            self._container.seek(ticks, stream=self._stream)
        except av.FFmpegError as error:
            raise SeekUntrustedError(f"cannot seek: {error.strerror}") from error

    @property
    def declared_end(self) -> int | None:
        """Where the container says that the video ends: ns since its start; None where it says nothing."""
        stream, end = self._stream, declared_length(self._container)
        if end is None:
            return None
        if stream.duration is not None and stream.start_time is not None:
            return min(end, self._since_start(stream.start_time + stream.duration))
        return end

    def __iter__(self) -> Iterator[DecodedFrame]:
        for packet in self._packets():
            for image in self._decode(packet):
                picture = self._whole(image)
                if picture is not None:
                    yield picture
        if self._proof is not None:
            raise SeekUntrustedError("the last picture did not come again")
        self._finish()

    def _packets(self) -> "Iterator[Packet[Stream]]":
        failures = 0
        while failures < DEAD_END:
            try:
                for packet in packets_of(self._container):
                    failures = 0
                    self._account(packet)
                    if packet.stream.index == self._stream.index:
                        yield packet
                return
            except av.error.InvalidDataError:
                failures += 1
                self._error(self._packet_time, "damaged data")
            except av.FFmpegError as error:
                self.broken = (error.strerror or type(error).__name__).lower()
                self._error(self._packet_time, self.broken)
                return

    def _account(self, packet: "Packet[Stream]") -> None:
        """Notices what the demuxer passed over without a word."""
        if packet.pos is not None and packet.pos >= 0 and not self._has_index:
            # All pictures sent so far come before the hole, whatever their order.
            if self._bytes_end and packet.pos - self._bytes_end > UNACCOUNTED:
                self._error(self._furthest + 1, "data missing")
            self._bytes_end = max(self._bytes_end, packet.pos + packet.size)
        if packet.stream.index == self._stream.index and packet.pts is not None:
            self._packet_time = self._since_start(packet.pts)
            self._furthest = max(self._furthest, self._packet_time)
            if packet.is_corrupt:
                self._error(self._packet_time, "damaged data")

    def _decode(self, packet: "Packet[Stream]") -> Iterator[av.VideoFrame]:
        """The pictures that come out for a packet; an empty packet asks for all that are left."""
        while True:
            try:
                for image in packet.decode():
                    assert isinstance(image, av.VideoFrame)
                    yield image
                return
            except av.error.EOFError:
                return
            except av.FFmpegError:
                self._error(self._packet_time, "damaged data")
                if packet.size:
                    return

    def _error(self, media_time: int, reason: str) -> None:
        if self._proof is None or media_time > self._proof.until:  # else it was noted before the seek
            self.damage.error(media_time, reason)

    def _whole(self, image: av.VideoFrame) -> DecodedFrame | None:
        media_time = self.end if image.pts is None else self._since_start(image.pts)
        media_time = max(media_time, 0)  # a container's start is rounded to a microsecond
        if image.is_corrupt:
            self._error(media_time, "damaged picture")
            return None
        if self._proof is not None:
            self._see_again(self._proof, media_time, image)
            return None
        if self.decoded and media_time <= self.damage.last:
            return None
        damaged = self.damage.good(media_time)
        self.decoded += 1
        self.end = media_time + (self._ns(image.duration) or self._length)
        return DecodedFrame(media_time, image, damaged)

    def _see_again(self, proof: Proof, media_time: int, image: av.VideoFrame) -> None:
        if media_time > proof.until:
            raise SeekUntrustedError("the last picture did not come again")
        if proof.wants(media_time):
            proof.see(media_time, grey_of(image))
        if media_time == proof.until:
            proof.conclude()
            self._proof = None

    def _finish(self) -> None:
        declared = self.declared_end
        if declared is not None and declared - self.end > max(TAIL, 2 * self._length):
            self.damage.end(declared, f"ends at {self.end / SECOND:.2f} s of {declared / SECOND:.2f} s")
        else:
            self.damage.end(self.end, None)

    def _since_start(self, pts: int) -> int:
        return self._ns(pts) - self._start

    def _ns(self, ticks: int | None) -> int:
        base = self._stream.time_base
        assert base is not None  # every stream of a file has one
        return (ticks or 0) * base.numerator * SECOND // base.denominator


def declared_length(container: InputContainer) -> int | None:
    """How long the container says that it lasts, in ns; None where it says nothing.

    Matroska tells where its clock ends, so what this began at is taken off; a quarter second and less is what
    encoders put before the first picture, which others count as part of it.
    """
    if container.duration is None:
        return None
    start = container.start_time or 0
    is_clock = "matroska" in container.format.name and start * 1000 > TAIL
    return (container.duration - (start if is_clock else 0)) * 1000


def packets_of(container: InputContainer) -> "Iterator[Packet[Stream]]":
    """All packets, and at the end an empty one for each stream."""
    try:
        yield from container.demux()
    except IndexError:
        # Damage can make a stream appear that was not there at the start. PyAV ends each known stream and
        # then trips over the new one (av 18.1).
        return
