"""Decodes a file's video stream: whole frames with their times, also behind damage."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import av
from av.packet import Packet
from av.stream import Stream

from ingest.files.damage import DamageLog
from ingest.files.demuxer import MAX_FAILURES, Demuxer
from ingest.files.lengths import END_TOLERANCE, nanoseconds
from ingest.files.parts import Video
from ingest.files.resume import ResumePoint, SeekUntrustedError, SeekVerifier
from ingest.gaps import UsualInterval, is_gap
from ingest.pace import SECOND
from ingest.picture.display import Display, Picture
from ingest.picture.limit import SizeLimit
from ingest.picture.luma import grey_of
from ingest.picture.options import NO_CORRECTION, DisplayOptions

Interval: TypeAlias = tuple[int, int]  # ns of media time

DEFAULT_DURATION = SECOND // 25  # ns; of a frame where the file gives neither that nor a rate

# Sound comes in frames of up to a tenth of a second: it hardly ever begins and ends with the pictures.
ROUNDING = SECOND // 10  # ns

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

    def __init__(self, video: Video, options: DisplayOptions = NO_CORRECTION) -> None:
        self.damage = DamageLog()
        self.decoded = 0  # frames so far
        self.pictures = 0  # so far, with those that are left out
        self.end = 0  # ns; the end of the last frame
        rate = video.stream.average_rate
        self._usual = UsualInterval(round(SECOND / rate) if rate else DEFAULT_DURATION)
        self._demuxer = Demuxer(video, self._usual, self._add_error)
        self._options = options
        self._display = Display(video.stream, options)  # of the part that is decoded
        self._limit = SizeLimit(video.stream, options.max_pixels)
        self._stream = video.stream
        self._missing: int | None = None  # ns; the declared end of a part that ended before it
        self._verifier: SeekVerifier | None = None  # until the seek is verified

    def resume(self, point: ResumePoint, *, early: int) -> None:
        """Seek to a key frame at least `early` ns before the frames of `point`, to go on after them.

        Raise SeekUntrustedError, as iterating does until the seek is verified.
        """
        state = point.state
        if state.seams:
            raise SeekUntrustedError("the clock started again before")
        self.damage, self.decoded, self.end = DamageLog.restored(state.damage), state.decoded, state.end
        self.pictures = state.pictures
        self._usual.restore(state.intervals)
        self._demuxer.others_end = state.others_end
        self._demuxer.clock.begin(state.first)
        if self._demuxer.avi is not None:
            self._demuxer.avi.held = state.held
        self._verifier = SeekVerifier(point)
        target = min(point.checksums) - early
        if target <= 0:
            raise SeekUntrustedError("the start is as near")
        try:
            self._demuxer.seek(target)
        except av.FFmpegError as error:
            raise SeekUntrustedError(f"cannot seek: {error.strerror}") from error

    @property
    def rounding(self) -> int:
        """ns; a shorter time before the first frame or after the last one belongs to it."""
        return max(ROUNDING, self._usual.value)

    @property
    def broken(self) -> str | None:
        """The reason if nothing more can be read before the file's end."""
        return self._demuxer.broken

    @property
    def others_end(self) -> int:
        """ns; the end of the sound so far."""
        return self._demuxer.others_end

    @property
    def seams(self) -> int:
        """Places where the clock started again or jumped."""
        return self._demuxer.clock.seams

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
            "first": self._demuxer.clock.first,
            "seams": self.seams,
            "position": self._demuxer.position(image.pts),
            "held": self._demuxer.avi.held if self._demuxer.avi else None,
        }

    def __iter__(self) -> Iterator[DecodedFrame]:
        for packet in self._demuxer:
            self._follow_part()
            for image in self._decode(packet):
                frame = self._frame(image)
                if frame is not None:
                    yield frame
            if not packet.size:
                self._missing = self._missing_end()
        if self._verifier is not None:
            raise SeekUntrustedError(NOT_AGAIN)
        self._finish()

    def _follow_part(self) -> None:
        """Begin the next part of a joined recording once all frames of the one before have been decoded."""
        if self._stream is self._demuxer.stream:
            return
        self._stream = self._demuxer.stream
        self._display = Display(self._stream, self._options)
        self._limit.apply(self._stream)
        if self._missing is not None:
            self._add_error(self.damage.last + 1, self._cut_off(self._missing))

    def _decode(self, packet: "Packet[Stream]") -> Iterator[av.VideoFrame]:
        """Yield the images that a packet completes; an empty packet completes all."""
        for _ in range(1 if packet.size else MAX_FAILURES):
            try:
                for image in packet.decode():
                    assert isinstance(image, av.VideoFrame)
                    if self._demuxer.avi is not None:
                        self._demuxer.avi.set(image)
                    yield image
                return
            except av.error.EOFError:
                return
            except av.FFmpegError as error:
                self._add_error(self._demuxer.packet_time, self._limit.check_error(error) or "damaged data")

    def _add_error(self, media_time: int, reason: str) -> None:
        if self._verifier is None or media_time > self._verifier.until:  # else it is in the log already
            self.damage.error(media_time, reason)

    def _frame(self, image: av.VideoFrame) -> DecodedFrame | None:
        picture = self._display.picture(image)  # of each: an orientation may be told once
        media_time = self.end if image.pts is None else self._demuxer.since_start(image.pts)
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
            return (0, media_time) if media_time > self.rounding + (self._demuxer.delay or 0) else None
        found = self._usual.ends_with_gap(media_time - self.damage.last)
        return (min(self.end, media_time), media_time) if found else None

    def _verify(self, verifier: SeekVerifier, media_time: int, picture: Picture) -> None:
        if media_time > verifier.until:
            raise SeekUntrustedError(NOT_AGAIN)
        if verifier.expects(media_time):
            verifier.verify(media_time, grey_of(picture))
        if media_time == verifier.until:
            verifier.finish(self._demuxer.position(picture.image.pts))
            self._verifier = None

    def _missing_end(self) -> int | None:
        """Return the declared end of the newest part (ns) if its frames ended before it."""
        declared = self._demuxer.declared_end
        tolerance = max(END_TOLERANCE, 2 * self._usual.value)
        return None if declared is None or declared - self.end <= tolerance else declared

    def _cut_off(self, declared: int) -> str:
        return f"ends at {self.end / SECOND:.2f} s of {declared / SECOND:.2f} s"

    def _finish(self) -> None:
        declared = self._missing_end()
        if declared is None:
            self.damage.end(self.end, None)
        else:
            self.damage.end(declared, self._cut_off(declared))
