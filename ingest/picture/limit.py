"""Limits the pixels of pictures: larger ones are refused before memory is taken for them."""

from av.video.stream import VideoStream

UNKNOWN_SIZE = "a picture has an invalid size, or more pixels than MIEN_PIXELS_LIMIT allows"


def too_large(width: int, height: int, max_pixels: int) -> str | None:
    """Return the reason why a picture is refused, or None if it is not."""
    if width * height <= max_pixels:
        return None
    return f"a picture has {width}x{height} pixels: MIEN_PIXELS_LIMIT must be at least that to read it"


class SizeLimit:
    """The limit of one decoder, which checks each picture: the size may change on the way."""

    def __init__(self, stream: VideoStream, max_pixels: int) -> None:
        """Set the limit of a decoder that has not decoded yet."""
        self.reason: str | None = None  # for the last picture that was refused
        self._context = stream.codec_context
        self._max_pixels = max_pixels
        self._had_size = self._context.width > 0
        self._context.options = {**self._context.options, "max_pixels": str(max_pixels)}

    def check_error(self) -> str | None:
        """Return the reason if the decoder has just failed because it refused a picture for its size."""
        # FFmpeg then leaves the refused size, or none.
        if not self._context.width and self._had_size:
            self.reason = UNKNOWN_SIZE
            return self.reason
        return self.check(self._context.width, self._context.height)

    def check(self, width: int, height: int) -> str | None:
        """Return the reason if a picture is too large, as decoded or as shown in square pixels."""
        refused = too_large(width, height, self._max_pixels)
        self._had_size = self._had_size or width > 0
        self.reason = refused or self.reason
        return refused
