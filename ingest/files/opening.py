"""Opens video files: a path becomes a container and its video stream, or an error in one line."""

import stat
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from ingest.containers import FILES
from ingest.files.layout.index import lacks_index
from ingest.files.pictures import read_header
from ingest.memory import is_exhausted
from ingest.picture.limit import decoder_limit, too_large
from ingest.picture.options import NO_CORRECTION, DisplayOptions
from ingest.printable import printable
from ingest.video_streams import NoStreamError, chosen_stream

# A playlist, uploaded or in the media folder, must not lead to addresses or to other files.
FILE_ONLY = {"protocol_whitelist": "file,subfile", "format_whitelist": FILES}


class UnreadableError(Exception):
    """A file without a single readable frame; the message has the path and a reason."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{printable(str(path))}: {reason}")
        self.path = path
        self.reason = reason


def open_video(
    path: Path, options: DisplayOptions = NO_CORRECTION, start: int = 0, end: int | None = None
) -> tuple[InputContainer, VideoStream]:
    """Return a file and the video stream that players show, or the one with a number; the caller closes it.

    `start`, `end`: bytes of a part of the file.

    Raise UnreadableError for no such file, no permission, a folder, an empty file, not a video, a file cut
    off before its index, a file without a video stream, and too large pictures.
    """
    check_file(path)
    try:
        container = open_container(path, options.max_pixels, start, end)
    except av.FFmpegError as error:
        if isinstance(error, MemoryError) and is_exhausted():
            raise
        reason = "cut off before its index" if lacks_index(path, start) else "not a video"
        raise UnreadableError(path, reason) from error
    try:
        stream = chosen_stream(container, options.stream)
    except NoStreamError as error:
        container.close()
        is_cut = options.stream is None and lacks_index(path, start)
        raise UnreadableError(path, "cut off before its index" if is_cut else str(error)) from error
    context = stream.codec_context
    if refused := too_large(context.width, context.height, options.max_pixels):
        container.close()
        raise UnreadableError(path, refused)
    return container, stream


def check_no_link(path: Path) -> None:
    """Raise UnreadableError if a link is part of a path that had none: it may lead out of the media folder.

    Call this after the file was opened, so that a link that was put there before is noticed.
    """
    if path.resolve() != path:
        raise UnreadableError(path, "a link has taken the place of the file")


def open_container(path: Path, max_pixels: int, start: int = 0, end: int | None = None) -> InputContainer:
    """Open a media file, or the part of it between two bytes.

    Raise av.FFmpegError, and UnreadableError for too large pictures.
    """
    header = read_header(path)
    if header is not None:
        if refused := too_large(header.width, header.height, max_pixels):
            raise UnreadableError(path, refused)
        if header.animated_webp:
            from ingest.files.animation import open_animation  # loads Pillow

            return open_animation(path)
    # Without "file:" a name with a colon would be an address.
    options = {**FILE_ONLY, "max_pixels": decoder_limit(max_pixels)}  # of the decoders that probe the streams
    name = f"file:{path.absolute()}"
    if start or end is not None:
        name = f"subfile,,start,{start},end,{end or 0},,:{name}"
    return av.open(name, options=options, metadata_errors="replace")


def check_file(path: Path) -> None:
    """Raise UnreadableError for a path that cannot be read, whatever its content."""
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
