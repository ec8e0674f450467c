"""Decodes a file's video stream: whole frames with their times, also behind damage."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from ingest.clock import FileClock
from ingest.decoder_threads import use_threads
from ingest.files.damage import DamageLog
from ingest.files.filling import FillingCheck
from ingest.files.lengths import (
    END_TOLERANCE,
    declared_duration,
    largest_hole,
    nanoseconds,
    started,
    video_end,
)
from ingest.files.packets import packets_of
from ingest.files.resume import ResumePoint, SeekUntrustedError, SeekVerifier
from ingest.gaps import UsualInterval, is_gap
from ingest.memory import is_exhausted
from ingest.pace import SECOND
from ingest.picture.display import Display, Picture
from ingest.picture.limit import SizeLimit
from ingest.picture.luma import grey_of
from ingest.picture.options import NO_CORRECTION, DisplayOptions

Interval: TypeAlias = tuple[int, int]  # ns of media time

DEFAULT_DURATION = SECOND // 25  # ns; of a frame where the file gives neither that nor a rate
MAX_FAILURES = 100  # in a row; the demuxer gets past a damaged position at once or never

# Sound comes in frames of up to a tenth of a second: it hardly ever begins and ends with the pictures.
ROUNDING = SECOND // 10  # ns

POSITIONS = 128  # packets that a decoder may hold back

NOT_AGAIN = "the last frame did not come again"


@dataclass(frozen=True, slots=True, eq=False)
class DecodedFrame:
    """A whole decoded frame; its picture is valid until the decoder yields the next frame."""

    media_time: int  # ns since the container's start
    number: int  # of the picture in the stream, from 0
    picture: Picture
    damaged: bool  # there is damage between the frame before and this one
    gap: Interval | None = None  # without a picture, between the frame before and this one


class Decoder:
    """Yields the frames of one stream in order of media time.

    Left out are frames that an edit list leaves out, that the decoder flags as corrupt, or that come late.
    """

    def __init__(
        self, container: InputContainer, stream: VideoStream, options: DisplayOptions = NO_CORRECTION
    ) -> None:
        self.damage = DamageLog()
        self.decoded = 0  # frames so far
        self.pictures = 0  # so far, with those that are left out
        self.end = 0  # ns; the end of the last frame
        self.others_end = 0  # ns; the end of the sound so far
        self.broken: str | None = None  # the reason if nothing more can be read before the file's end
        self._container = container
        self._stream = stream
        self._display = Display(stream, options)
        self._limit = SizeLimit(stream, options.max_pixels)
        self._start = started(container)  # ns
        rate = stream.average_rate
        self._usual = UsualInterval(round(SECOND / rate) if rate else DEFAULT_DURATION)
        self._clock = FileClock(largest_hole(container))
        self._delay: int | None = None  # ns; of the first frame, by the reordering of packets
        self._positions: dict[int, int | None] = {}  # bytes, of the last packets by PTS
        self._position_known: int | None = None  # bytes; of the newest packet that has one
        self._packet_time = 0  # ns; media time of the current packet
        self._latest_time = 0  # ns; the latest media time of a packet so far
        self._filling = FillingCheck(container.name, container.format.name)
        self._verifier: SeekVerifier | None = None  # until the seek is verified
        use_threads(stream, "FRAME")

    def resume(self, point: ResumePoint, *, early: int) -> None:
        """Seek to a key frame at least `early` ns before the frames of `point`, to go on after them.

        Raise SeekUntrustedError, as iterating does until the seek is verified.
        """
        state = point.state
        if state.seams:
            raise SeekUntrustedError("the clock started again before")
        self.damage, self.decoded, self.end = DamageLog.restored(state.damage), state.decoded, state.end
        self.pictures = state.pictures
        self.others_end = state.others_end
        self._usual = UsualInterval(self._usual.value, state.intervals)
        self._clock.begin(state.first)
        self._verifier = SeekVerifier(point)
        target = min(point.checksums) - early
        if target <= 0:
            raise SeekUntrustedError("the start is as near")
        base = self._stream.time_base
        assert base is not None
        ticks = (target + self._start) * base.denominator // (base.numerator * SECOND)
        try:
            self._container.seek(ticks, stream=self._stream)
        except av.FFmpegError as error:
            raise SeekUntrustedError(f"cannot seek: {error.strerror}") from error

    @property
    def rounding(self) -> int:
        """ns; a shorter time before the first frame or after the last one belongs to it."""
        return max(ROUNDING, self._usual.value)

    @property
    def seams(self) -> int:
        """Places where the clock started again or jumped."""
        return self._clock.seams

    @property
    def declared_end(self) -> int | None:
        """The end of the video according to the container, in ns since its start; None if it has none.

        The length of a file whose sound reaches its end says nothing about the video.
        """
        end, own = declared_duration(self._container), video_end(self._container, self._stream)
        if end is None or self.seams:
            return None
        if own is not None:
            return min(end, own)
        return None if self.others_end >= end - END_TOLERANCE else end

    @property
    def refused(self) -> str | None:
        """The reason if a picture was refused for its size."""
        return self._limit.reason

    def clock_state(self, image: av.VideoFrame) -> dict[str, Any]:
        """Return the fields of DecoderState about times, after the frame with this image."""
        return {
            "end": self.end,
            "others_end": self.others_end,
            "intervals": self._usual.state(),
            "first": self._clock.first,
            "seams": self.seams,
            "position": self._position(image),
        }

    def _position(self, image: av.VideoFrame) -> int | None:
        return None if image.pts is None else self._positions.get(image.pts)

    def __iter__(self) -> Iterator[DecodedFrame]:
        for packet in self._packets():
            for image in self._decode(packet):
                frame = self._frame(image)
                if frame is not None:
                    yield frame
        if self._verifier is not None:
            raise SeekUntrustedError(NOT_AGAIN)
        self._finish()

    def _packets(self) -> "Iterator[Packet[Stream]]":
        failures = 0
        while failures < MAX_FAILURES:
            try:
                for packet in packets_of(self._container):
                    failures = 0
                    self._check(packet)
                    if packet.stream.index == self._stream.index:
                        yield packet
                return
            except (av.error.InvalidDataError, av.error.MemoryError) as error:
                if isinstance(error, MemoryError) and is_exhausted():
                    raise
                failures += 1
                self._add_error(self._packet_time, "damaged data")
            except av.FFmpegError as error:
                self.broken = (error.strerror or type(error).__name__).lower()
                self._add_error(self._packet_time, self.broken)
                return

    def _check(self, packet: "Packet[Stream]") -> None:
        """Find damage that the demuxer skips silently."""
        if self._filling.lost_before(packet.stream.index, packet.pos, packet.size):
            # All frames so far are before the gap, in whatever order they come.
            self._add_error(self._latest_time + 1, "data missing")
        if packet.stream.index == self._stream.index:
            if packet.pts is not None:
                self._check_video(packet, packet.pts)
        elif packet.pts is not None and packet.stream.type == "audio":
            ended = round((packet.pts + (packet.duration or 0)) * packet.time_base * SECOND) - self._start
            self.others_end = max(self.others_end, ended)

    def _check_video(self, packet: "Packet[Stream]", pts: int) -> None:
        pts = self._follow(packet, pts)
        self._packet_time = self._since_start(pts)
        self._latest_time = max(self._latest_time, self._packet_time)
        if packet.is_corrupt:
            self._add_error(self._packet_time, "damaged data")
        if packet.pos is not None and packet.pos >= 0:
            self._position_known = packet.pos
        self._positions[pts] = self._position_known
        if len(self._positions) > POSITIONS:
            del self._positions[next(iter(self._positions))]

    def _follow(self, packet: "Packet[Stream]", pts: int) -> int:
        """Move a packet behind a seam to where it belongs, before it is decoded; return its PTS."""
        shown = nanoseconds(self._stream, pts)
        decoded = None if packet.dts is None else nanoseconds(self._stream, packet.dts)
        jump = self._clock.follow(shown, decoded, self._usual.value, is_key=packet.is_keyframe)
        if self._delay is None and decoded is not None:
            self._delay = shown - decoded
        if not self._clock.shift:
            return pts
        base = self._stream.time_base
        assert base is not None
        ticks = round(self._clock.shift / (base * SECOND))
        packet.pts = pts + ticks
        packet.dts = None if packet.dts is None else packet.dts + ticks
        if jump is not None:
            self._add_error(self._since_start(pts + ticks), jump)
        return pts + ticks

    def _decode(self, packet: "Packet[Stream]") -> Iterator[av.VideoFrame]:
        """Yield the images that a packet completes; an empty packet completes all."""
        for _ in range(1 if packet.size else MAX_FAILURES):
            try:
                for image in packet.decode():
                    assert isinstance(image, av.VideoFrame)
                    yield image
                return
            except av.error.EOFError:
                return
            except av.FFmpegError as error:
                self._add_error(self._packet_time, self._limit.check_error(error) or "damaged data")

    def _add_error(self, media_time: int, reason: str) -> None:
        if self._verifier is None or media_time > self._verifier.until:  # else it is in the log already
            self.damage.error(media_time, reason)

    def _frame(self, image: av.VideoFrame) -> DecodedFrame | None:
        picture = self._display.picture(image)  # of each: an orientation may be told once
        media_time = self.end if image.pts is None else self._since_start(image.pts)
        media_time = max(media_time, 0)  # a container's start is rounded to a microsecond
        if self._verifier is None:  # else it was counted before the seek
            self.pictures += 1
        refused = self._limit.check(picture.shape.width, picture.shape.height)
        if image.is_corrupt or refused:
            self._add_error(media_time, refused or "damaged picture")
            return None
        if self._verifier is not None:
            self._verify(self._verifier, media_time, picture)
            return None
        if self.decoded and media_time <= self.damage.last:
            self._add_error(self.damage.last + 1, "a picture out of order")
            return None
        gap = self._gap(media_time)
        damaged = self.damage.good(media_time)
        self.decoded += 1
        lasting = nanoseconds(self._stream, image.duration or 0) or self._usual.value
        self.end = media_time + (self._usual.value if is_gap(lasting, self._usual.value) else lasting)
        return DecodedFrame(media_time, self.pictures - 1, picture, damaged, gap)

    def _gap(self, media_time: int) -> Interval | None:
        """Return the time without a picture before a frame, the first one included."""
        if not self.decoded:
            return (0, media_time) if media_time > self.rounding + (self._delay or 0) else None
        found = self._usual.ends_with_gap(media_time - self.damage.last)
        return (min(self.end, media_time), media_time) if found else None

    def _verify(self, verifier: SeekVerifier, media_time: int, picture: Picture) -> None:
        if media_time > verifier.until:
            raise SeekUntrustedError(NOT_AGAIN)
        if verifier.expects(media_time):
            verifier.verify(media_time, grey_of(picture))
        if media_time == verifier.until:
            verifier.finish(self._position(picture.image))
            self._verifier = None

    def _finish(self) -> None:
        declared = self.declared_end
        if declared is not None and declared - self.end > max(END_TOLERANCE, 2 * self._usual.value):
            self.damage.end(declared, f"ends at {self.end / SECOND:.2f} s of {declared / SECOND:.2f} s")
        else:
            self.damage.end(self.end, None)

    def _since_start(self, pts: int) -> int:
        return nanoseconds(self._stream, pts) - self._start
