"""Limits the pixels of pictures: larger ones are refused before memory is taken for them."""

from math import isqrt

import av
from av.video.stream import VideoStream

from ingest.memory import is_exhausted

UNKNOWN_SIZE = "a picture has an invalid size, or more pixels than MIEN_PIXELS_LIMIT allows"


def too_large(width: int, height: int, max_pixels: int) -> str | None:
    """Return the reason why a picture is refused, or None if it is not."""
    if width * height <= max_pixels:
        return None
    return f"a picture has {width}x{height} pixels: MIEN_PIXELS_LIMIT must be at least that to read it"


def decoder_limit(max_pixels: int) -> str:
    """Return FFmpeg's option `max_pixels`, which counts rows that it makes up to 64 pixels longer.

    That is enough for pictures up to 16 times as high as wide; `SizeLimit.check` refuses the rest. See
    findings/max_pixels_counts_padded_rows.sh.
    """
    return str(max_pixels + 64 * 4 * isqrt(max_pixels))


class SizeLimit:
    """The limit of one decoder, which checks each picture: the size may change on the way."""

    def __init__(self, stream: VideoStream, max_pixels: int) -> None:
        self.reason: str | None = None  # for the last picture that was refused
        self._max_pixels = max_pixels
        self.apply(stream)

    def apply(self, stream: VideoStream) -> None:
        """Set the limit of a decoder that has not decoded yet, and go on with that one."""
        self._context = stream.codec_context
        self._had_size = self._context.width > 0
        self._context.options = {**self._context.options, "max_pixels": decoder_limit(self._max_pixels)}

    def check_error(self, error: av.FFmpegError) -> str | None:
        """Return the reason if a decoder's error is that it refused a picture for its size.

        Raise the error if there is too little memory.
        """
        # FFmpeg leaves the size that it refused, or none; some decoders then report too little memory.
        if not self._context.width and self._had_size:
            self.reason = UNKNOWN_SIZE
            return self.reason
        refused = self.check(self._context.width, self._context.height)
        if refused is None and isinstance(error, MemoryError) and is_exhausted():
            raise error
        return refused

    def check(self, width: int, height: int) -> str | None:
        """Return the reason if a picture is too large, as decoded or as shown in square pixels."""
        refused = too_large(width, height, self._max_pixels)
        self._had_size = self._had_size or width > 0
        self.reason = refused or self.reason
        return refused
