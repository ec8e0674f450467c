"""Chooses the video stream of a file or a live source that players show."""

from dataclasses import dataclass

from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

# Pictures beside a film: the cover of an album, thumbnails, and the tiles of one picture.
BESIDE = (
    Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image | Disposition.dependent
)


class NoStreamError(Exception):
    """There is no such video stream; the message is one line."""


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """A video stream that was not read."""

    number: int  # in the file, as FFmpeg counts all streams
    codec: str | None  # None without a decoder
    width: int | None  # pixels, as coded; None without a decoder
    height: int | None
    title: str


def chosen_stream(container: InputContainer, number: int | None = None) -> VideoStream:
    """Return the stream with a number, or without one the default, of several the largest.

    Raise NoStreamError.
    """
    videos = container.streams.video
    if number is not None:
        return _numbered(videos, number)
    films = [stream for stream in videos if not stream.disposition & BESIDE]
    if not films:
        raise NoStreamError("no video stream")
    readable = [stream for stream in films if _is_readable(stream)]
    if not readable:
        raise NoStreamError("no decoder for its video")
    return max(readable, key=_rank)  # the first of equal ones


def other_streams(container: InputContainer, read: Stream) -> list[StreamInfo]:
    """Return the films beside the one that is read."""
    videos = (stream for stream in container.streams.video if not stream.disposition & BESIDE)
    return [_info(stream) for stream in videos if stream.index != read.index]


def _numbered(videos: tuple[VideoStream, ...], number: int) -> VideoStream:
    for stream in videos:
        if stream.index == number and _is_readable(stream):
            return stream
    numbers = ", ".join(str(stream.index) for stream in videos if _is_readable(stream)) or "none"
    raise NoStreamError(f"has no video stream {number}; its video streams are: {numbers}")


def _is_readable(stream: VideoStream) -> bool:
    # PyAV has no context for a stream without a decoder, although its types say so.
    return getattr(stream, "codec_context", None) is not None


def _rank(stream: VideoStream) -> tuple[bool, bool, int, int]:
    is_track = stream.frames != 1 or stream.duration is not None  # not the still of an animated AVIF
    is_default = bool(stream.disposition & Disposition.default)
    pixels = stream.codec_context.width * stream.codec_context.height
    return is_track, is_default, pixels, stream.bit_rate or 0


def _info(stream: VideoStream) -> StreamInfo:
    title = stream.metadata.get("title", "")
    if not _is_readable(stream):
        return StreamInfo(stream.index, None, None, None, title)
    context = stream.codec_context
    return StreamInfo(stream.index, context.name, context.width, context.height, title)
