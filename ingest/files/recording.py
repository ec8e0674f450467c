"""Opens recordings: a file becomes Frames, or one line that says why not."""

import logging
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from ingest.files.containers import FILES, only
from ingest.files.damage import Damage
from ingest.files.decoder import DecodedFrame, Decoder, declared_length
from ingest.files.resume import Mark, Resume, SeekUntrustedError
from ingest.frame import Frame
from ingest.luma import grey_of, shown_size
from ingest.pace import SECOND, Pace

# A playlist, uploaded or in the media folder, leads neither to addresses nor to other files.
FILE_ONLY = {"protocol_whitelist": "file", **only(FILES)}

LARGEST_BOX_HEADER = 16  # bytes

# How long before the pictures that must come again a seek tries to land: a decoder needs a key frame, and
# some files say wrongly where theirs are.
EARLY = (2 * SECOND, 15 * SECOND)  # ns


log = logging.getLogger(__name__)


class UnreadableError(Exception):
    """A file that gives no picture at all."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True, slots=True, eq=False)
class Marked:
    """A frame, and where the reading stood with it."""

    frame: Frame
    mark: Mark


class Recording:
    """A video file being read, once, front to back. Memory does not grow with its length.

    Iterating gives the frames picked at `rate`; `frames_decoded` and `damage` are complete at the end.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        *,
        source: str,
        rate: float | None,
        beginning: "Beginning | None" = None,
    ) -> None:
        """Raises SeekUntrustedError where it is to begin at a place that cannot be found for certain."""
        self.frame_rate = None if stream.average_rate is None else float(stream.average_rate)
        self.total_frames = stream.frames or None  # as the container says
        self.format = container.format.name
        self.rate = rate
        self._source = source
        self._container = container
        self.declared = declared_length(container) or 0  # ns; as the container says, 0 where it does not
        self.start = (container.start_time or 0) * 1000  # ns; what the container's clock says at media time 0
        self._pace = Pace(rate)
        self._decoder = Decoder(container, stream)
        self._number = 0  # of the next frame
        self._given = 0  # frames before this one were given by who read before
        if beginning is not None:
            self._begin(beginning)
        self._pictures = iter(self._decoder)
        # The first picture is decoded at once: only it knows how the video is turned.
        self._first = next(self._pictures, None)
        if beginning is not None:
            self.width, self.height = beginning.resume.mark.width, beginning.resume.mark.height
        elif self._first is None:
            self.width, self.height = stream.codec_context.width, stream.codec_context.height
        else:
            self.width, self.height = shown_size(self._first.image)

    def _begin(self, beginning: "Beginning") -> None:
        mark = beginning.resume.mark
        self._given = mark.number + 1
        if beginning.early is not None:
            self._decoder.go_on(beginning.resume, early=beginning.early)
            self._pace.go_on(mark.media_time)
            self._number = self._given

    @property
    def duration(self) -> int:
        """ns: what the container says, else the end of what was decoded so far."""
        return self.declared if self.declared > self._decoder.damage.last else self._decoder.end

    @property
    def frames_decoded(self) -> int:
        return self._decoder.decoded

    @property
    def damage(self) -> list[Damage]:
        return self._decoder.damage.found

    @property
    def broken_off(self) -> bool:
        """Whether, once read, it proved damaged from its last good frame to its end."""
        log = self._decoder.damage
        return bool(log.found) and log.found[-1].ended > log.last

    def decoded_frames(self) -> Iterator[DecodedFrame]:
        """Every whole picture as decoded, in colour; not to be mixed with iterating over frames."""
        if self._first is not None:
            first, self._first = self._first, None
            yield first
        yield from self._pictures

    def __iter__(self) -> Iterator[Frame]:
        return (marked.frame for marked in self.marked())

    def marked(self) -> Iterator[Marked]:
        """The same frames, each with what it takes to go on behind it."""
        damaged = False
        for picture in self.decoded_frames():
            damaged = damaged or picture.damaged
            if self._pace.picks(picture.media_time):
                number, self._number = self._number, self._number + 1
                if number >= self._given:
                    frame = self._frame(picture, number, damaged=damaged)
                    yield Marked(frame, self._mark(frame))
                damaged = False

    def _mark(self, frame: Frame) -> Mark:
        return Mark(
            number=frame.number,
            media_time=frame.media_time,
            decoded=self._decoder.decoded,
            end=self._decoder.end,
            width=self.width,
            height=self.height,
            damage=self._decoder.damage.state(),
        )

    def _frame(self, picture: DecodedFrame, number: int, *, damaged: bool) -> Frame:
        return Frame(
            source=self._source,
            connection=0,
            number=number,
            media_time=picture.media_time,
            captured_at=None,
            clock=None,
            damaged=damaged,
            grey=grey_of(picture.image),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where to begin: behind a mark."""

    resume: Resume
    early: int | None  # ns that a seek lands before it; None: read from the start, and give nothing up to it


def open_recording(path: Path, source: str, rate: float | None, after: Resume | None = None) -> Recording:
    """Opens a video file to read `rate` frames a second, or with None every frame.

    With `after` it goes on behind that mark with the very frames that would have followed there.

    Raises UnreadableError for whatever gives no picture: no such file, no permission, a folder, an empty
    file, not a video, a file cut off before its index, no video stream.
    """
    if after is None:
        return _opened(path, source, rate, None)
    for early in EARLY:
        try:
            return _opened(path, source, rate, Beginning(after, early))
        except SeekUntrustedError as error:
            log.info("%s: %s", path.name, error)
    return _opened(path, source, rate, Beginning(after, None))


def _opened(path: Path, source: str, rate: float | None, beginning: Beginning | None) -> Recording:
    container, stream = open_video(path)
    try:
        return Recording(container, stream, source=source, rate=rate, beginning=beginning)
    except BaseException:
        container.close()
        raise


def open_video(path: Path) -> tuple[InputContainer, VideoStream]:
    """A file and its video stream; the caller closes it. Raises UnreadableError."""
    check_file(path)
    try:
        # "file:" keeps a name with a colon from being taken for an address.
        container = av.open(f"file:{path.absolute()}", options=dict(FILE_ONLY), metadata_errors="replace")
    except av.FFmpegError as error:
        reason = "cut off before its index" if _lacks_index(path) else "not a video"
        raise UnreadableError(path, reason) from error
    try:
        return container, _video_stream(container, path)
    except UnreadableError:
        container.close()
        raise


def check_file(path: Path) -> None:
    """Raises UnreadableError for what cannot be read whatever it holds."""
    try:
        status = path.stat()
        if stat.S_ISREG(status.st_mode):
            path.open("rb").close()
    except FileNotFoundError as error:
        raise UnreadableError(path, "no such file") from error
    except PermissionError as error:
        raise UnreadableError(path, "no permission") from error
    except OSError as error:
        raise UnreadableError(path, (error.strerror or "cannot be read").lower()) from error
    if stat.S_ISDIR(status.st_mode):
        raise UnreadableError(path, "is a folder")
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableError(path, "is not a regular file")
    if status.st_size == 0:
        raise UnreadableError(path, "empty file")


def _video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The first stream of moving pictures; the cover of an album is not one."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            # PyAV leaves out the context where it has no decoder, whatever its types say.
            if getattr(stream, "codec_context", None) is None:
                raise UnreadableError(path, "no decoder for its video")
            return stream
    raise UnreadableError(path, "cut off before its index" if _lacks_index(path) else "no video stream")


def _lacks_index(path: Path) -> bool:
    """Whether this is an MP4 or MOV file without a whole `moov` box (ISO/IEC 14496-12, 4.2)."""
    size = path.stat().st_size
    position, known = 0, False
    with path.open("rb") as file:
        while position < size:
            file.seek(position)
            header = file.read(LARGEST_BOX_HEADER)
            kind, length = header[4:8], int.from_bytes(header[:4], "big")
            if length == 1:
                length = int.from_bytes(header[8:16], "big")
            known = known or kind == b"ftyp"
            if not known or (kind == b"moov" and position + length <= size):
                return False
            if length < 8:
                return True
            position += length
    return known
