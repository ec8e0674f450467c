"""Opens recordings: a file becomes frames, or an error in one line."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from av.video.stream import VideoStream

from ingest.files.creation import creation_time
from ingest.files.damage import Damage
from ingest.files.decoder import DecodedFrame, Decoder, Interval
from ingest.files.lengths import counted_start, declared_duration, is_measured, started
from ingest.files.opening import UnreadableError
from ingest.files.parts import VideoFile
from ingest.files.resume import DecoderState, ResumePoint, SeekUntrustedError
from ingest.frame import Frame
from ingest.pace import SECOND, Pace
from ingest.picture.display import Shape
from ingest.picture.limit import UNKNOWN_SIZE
from ingest.picture.luma import grey_of
from ingest.picture.options import NO_CORRECTION, DisplayOptions
from ingest.printable import printable
from ingest.video_streams import StreamInfo, other_streams

# A seek tries these times before the frames that must come again: a decoder needs a key frame, and the index
# of some files is wrong about theirs.
EARLY = (2 * SECOND, 15 * SECOND)  # ns

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class ReadFrame:
    """A frame, and the state of the decoder after it."""

    frame: Frame
    state: DecoderState


class Recording:
    """A video file that is read once from front to back, in memory that does not grow with its length.

    Iterating yields the frames picked at `rate`; `frames_decoded` and `damage` are complete at the end.
    """

    def __init__(
        self,
        video: VideoFile,
        *,
        source: str,
        rate: float | None,
        after: ResumePoint | None = None,
        early: int | None = None,
        options: DisplayOptions = NO_CORRECTION,
    ) -> None:
        """`early`: ns before `after`, for a seek; None to read from the start. Raise SeekUntrustedError."""
        container, stream = video.container, video.stream
        self.frame_rate = None if stream.average_rate is None else float(stream.average_rate)
        self.format = container.format.name
        self.rate = rate
        self.stream = stream.index  # its number in the file
        self.other_streams: list[StreamInfo] = other_streams(container, stream)
        self._source = source
        self._video = video
        self.declared = declared_duration(container) or 0  # ns; 0 if unknown
        self.is_measured = is_measured(container)  # else `declared` has the jumps of the clock in it
        tags = [container.metadata, stream.metadata]
        self.created = creation_time(tags, datetime.now(UTC))  # at media time 0; None if unknown
        self.start = started(container)  # ns; the container's clock at media time 0
        self._counted_start = counted_start(container)
        self._pace = Pace(rate)
        self._decoder = Decoder(video, options)
        self._number = 0  # of the next frame
        self._first_number = 0 if after is None else after.state.number + 1  # of the first frame to yield
        if after is not None and early is not None:
            self._decoder.resume(after, early=early)
            self._pace.resume(after.state.media_time)
            self._number = self._first_number
        self._view = 0 if after is None else after.state.view
        self._shape = None if after is None else after.state.shape  # of the newest frame
        self._frames = iter(self._decoder)
        # The first frame is decoded at once: only it has the orientation of the video.
        self._first = next(self._frames, None)
        self.width, self.height = self._size(stream, after)

    def _size(self, stream: VideoStream, after: ResumePoint | None) -> tuple[int, int]:
        if after is not None:
            return after.state.width, after.state.height
        if self._first is None:
            return stream.codec_context.width, stream.codec_context.height
        return self._first.picture.shape.width, self._first.picture.shape.height

    @property
    def duration(self) -> int:
        """ns: the container's, or if it has none or its clock started again the end of what was read."""
        decoder = self._decoder
        if decoder.seams:
            return decoder.end
        return self.declared if self.declared > decoder.damage.last else max(decoder.end, decoder.others_end)

    @property
    def pictures_end(self) -> int:
        """ns: the end of the last frame, or the duration if that is hardly later."""
        end, rounding = self._decoder.end, self._decoder.rounding + self._counted_start
        return self.duration if self.duration - end <= rounding else end

    @property
    def frames_decoded(self) -> int:
        return self._decoder.decoded

    @property
    def damage(self) -> list[Damage]:
        return self._decoder.damage.found

    @property
    def refused(self) -> str | None:
        """The reason if a picture was refused for its size."""
        return UNKNOWN_SIZE if not self.width else self._decoder.refused

    @property
    def broken_off(self) -> bool:
        """True after reading if the file is damaged from its last good frame to its end."""
        log = self._decoder.damage
        return bool(log.found) and log.found[-1].ended > log.last

    def decoded_frames(self) -> Iterator[DecodedFrame]:
        """Yield every whole frame in colour, instead of the picked ones."""
        if self._first is not None:
            first, self._first = self._first, None
            yield first
        yield from self._frames

    def __iter__(self) -> Iterator[Frame]:
        return (read.frame for read in self.read())

    def read(self) -> Iterator[ReadFrame]:
        """Yield the picked frames, each with the state to resume after it."""
        damaged = False
        gaps: list[Interval] = []
        for decoded in self.decoded_frames():
            damaged = damaged or decoded.damaged
            gaps += [decoded.gap] if decoded.gap else []
            if self._pace.picks(decoded.media_time):
                if self._number >= self._first_number:
                    frame = self._frame(decoded, gaps, damaged=damaged)
                    yield ReadFrame(frame, self._state(frame, decoded))
                self._number += 1
                damaged, gaps = False, []

    def _frame(self, decoded: DecodedFrame, gaps: list[Interval], *, damaged: bool) -> Frame:
        self._follow(decoded.picture.shape)
        return Frame(
            self._source,
            self._number,
            decoded.media_time,
            damaged,
            grey_of(decoded.picture),
            view=self._view,
            picture=decoded.number,
            gaps=tuple(gaps),
        )

    def _follow(self, shape: Shape) -> None:
        if self._shape is not None and self._shape != str(shape):
            self._view += 1
        self._shape = str(shape)

    def _state(self, frame: Frame, decoded: DecodedFrame) -> DecoderState:
        return DecoderState(
            number=frame.number,
            media_time=frame.media_time,
            decoded=self._decoder.decoded,
            pictures=self._decoder.pictures,
            width=self.width,
            height=self.height,
            damage=self._decoder.damage.state(),
            view=frame.view,
            shape=self._shape,
            **self._decoder.clock_state(decoded.picture.image),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._video.close()


def open_recording(
    path: Path,
    source: str,
    rate: float | None,
    after: ResumePoint | None = None,
    options: DisplayOptions = NO_CORRECTION,
) -> Recording:
    """Open a video file to read `rate` frames a second, or with None every frame.

    With `after`, yield the same frames as without, but only those behind it. Raise UnreadableError.
    """
    for early in EARLY if after is not None else ():
        try:
            return _open(path, source, rate, options, after, early)
        except SeekUntrustedError as error:
            log.info("%s: %s", printable(path.name), error)
    return _open(path, source, rate, options, after)


def _open(
    path: Path,
    source: str,
    rate: float | None,
    options: DisplayOptions,
    after: ResumePoint | None,
    early: int | None = None,
) -> Recording:
    video = VideoFile(path, options)
    try:
        recording = Recording(video, source=source, rate=rate, after=after, early=early, options=options)
        if after is None and recording.frames_decoded == 0:
            raise UnreadableError(path, recording.refused or "no frame in it can be decoded")
        return recording
    except BaseException:
        video.close()
        raise
