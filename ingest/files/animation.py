"""Opens animated WebP, of which FFmpeg reads one picture, as a stream of raw pictures with their own times.

Pillow decodes picture by picture; a muxer wraps each into a fragment of QuickTime, where raw pictures keep
their durations. So an animation is read by the same code as every other recording.
"""

import gc
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from PIL.WebPImagePlugin import WebPImageFile

from ingest.files.pictures import PICTURE_ERRORS

MILLISECOND = Fraction(1, 1000)  # the unit of WebP's durations

# Browsers show pictures of at most 10 ms for 100 ms, as in GIF (ingest/files/shown_times.py).
TOO_SHORT, USUAL = 10, 100  # ms

BUFFER = 1024 * 1024  # bytes that the demuxer reads at once
COLLECT_AFTER = 16  # pictures: PyAV holds packets in cycles, and these have megabytes
FORMAT = "mov"
FRAGMENTED = {"movflags": "frag_every_frame+empty_moov+default_base_moof"}


def open_animation(path: Path) -> InputContainer:
    """Open an animated WebP. Raise av.FFmpegError."""
    container = av.open(_RawPictures(path), "r", format=FORMAT, buffer_size=BUFFER)
    assert isinstance(container, InputContainer)
    return container


class _RawPictures:
    """The file that the demuxer reads; it grows by a picture when all before it has been read."""

    def __init__(self, path: Path) -> None:
        self._written = bytearray()
        self._pictures = self._mux(path)

    def read(self, size: int) -> bytes:
        """Return the next bytes; none at the end. Raise av.FFmpegError."""
        while len(self._written) < size and next(self._pictures, None) is not None:
            pass
        read = bytes(self._written[:size])
        del self._written[:size]
        return read

    def write(self, data: bytes) -> int:
        """Take bytes of the muxer."""
        self._written += data
        return len(data)

    def _mux(self, path: Path) -> Iterator[int]:
        """Write picture after picture; yield the number of each."""
        with WebPImageFile(path) as image, av.open(self, "w", FORMAT, options=FRAGMENTED) as output:
            stream = output.add_stream("rawvideo")
            stream.width, stream.height = image.size
            stream.pix_fmt = "rgb24"
            stream.codec_context.time_base = stream.time_base = MILLISECOND
            time = 0
            for number in range(image.n_frames):
                picture, duration = _decode(image, number)
                picture.pts, picture.time_base = time, MILLISECOND
                for packet in stream.encode(picture):
                    packet.duration = duration
                    output.mux(packet)
                time += duration
                if number % COLLECT_AFTER == 0:
                    gc.collect()
                yield number


def _decode(image: WebPImageFile, number: int) -> tuple[av.VideoFrame, int]:
    """Return a picture, and its duration in ms. Raise av.FFmpegError."""
    try:
        image.seek(number)
        pixels = np.asarray(image.convert("RGB"))
    except PICTURE_ERRORS as error:
        raise av.error.InvalidDataError(0, f"picture {number}: {error}") from error
    duration = int(image.info["duration"])
    return av.VideoFrame.from_ndarray(pixels, format="rgb24"), USUAL if duration <= TOO_SHORT else duration
