"""Draws on a video: writes a copy with the same frames at the same times and the same sound."""

from collections.abc import Callable
from contextlib import ExitStack
from fractions import Fraction
from math import inf
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.reformatter import ColorRange, Interpolation
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ingest.files.audio import Sound
from ingest.files.decoder import DecodedFrame
from ingest.files.recording import open_recording
from ingest.pace import SECOND
from ingest.picture.luma import rotated, shown_size

Colour = NDArray[np.uint8]  # (height, width, 3): blue, green, red
Draw = Callable[[Colour, int], None]  # draws on the image of a media time (ns)

# The first format that can carry the sound is used. Matroska carries any, but rounds times to a millisecond.
SUFFIXES = {"mp4": ".mp4", "mov": ".mov", "matroska": ".mkv"}

# Units a second in which MP4 gives the start of each stream; its default shifts the sound by up to 1 ms.
MOVIE_TIMESCALE = "90000"
FALLBACK_RATE = 25.0  # frames a second, for the encoder's rate control if the file has no rate

# Quality a little above libx264's default of 23, so that drawn edges stay sharp. No B-frames: frames leave
# the encoder in the order of their times, and no player needs an edit list for the first one.
ENCODER = {"preset": "veryfast", "crf": "20", "bf": "0"}

# Without the last two, FFmpeg's scaler rounds down, so that images become 1 to 2 % darker.
SCALING = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT

# FFmpeg assumes the matrix of ITU-R BT.601 for video that names none.
UNSPECIFIED, BT601 = 2, 5


def rewrite(path: Path, stem: Path, draw: Draw, stopped: Callable[[], bool]) -> Path:
    """Write every whole frame of `path`, upright and drawn on, as H.264; return the new file's path.

    The file is `stem` with a suffix that fits the sound. When `stopped` returns True the file ends there, and
    is playable. Raise UnreadableError for the input, and OSError for the output.
    """
    try:
        return _rewrite(path, stem, draw, stopped)
    except OSError:
        raise
    except av.FFmpegError as error:
        raise OSError(error.errno, error.strerror) from error


def _rewrite(path: Path, stem: Path, draw: Draw, stopped: Callable[[], bool]) -> Path:
    with ExitStack() as opened:
        recording = opened.enter_context(open_recording(path, path.name, None))
        sound = Sound(path)
        opened.callback(sound.close)
        container_format = next((each for each in SUFFIXES if sound.fits(each)), "matroska")
        target = stem.with_suffix(SUFFIXES[container_format])
        options = {} if container_format == "matroska" else {"movie_timescale": MOVIE_TIMESCALE}
        output = opened.enter_context(
            av.open(f"file:{target.absolute()}", "w", format=container_format, options=options)
        )
        writer: _Writer | None = None
        for frame in recording.decoded_frames():
            if stopped():
                break
            if writer is None:
                writer = _Writer(output, sound, frame.image, recording.frame_rate or FALLBACK_RATE)
            writer.add(frame, draw, ended=recording.duration)
        if writer is not None:
            writer.finish()
    return target


class _Writer:
    """Encodes frames, and writes the sound beside them."""

    def __init__(self, output: OutputContainer, sound: Sound, first: av.VideoFrame, rate: float) -> None:
        self._output = output
        self._sound = sound
        assert first.time_base is not None  # the decoder sets it
        self._base = first.time_base
        self._stream = self._video_stream(first, rate)
        sound.add_to(output)
        self._durations: dict[int, int] = {}  # by PTS, of frames in the encoder

    def _video_stream(self, image: av.VideoFrame, rate: float) -> VideoStream:
        width, height = shown_size(image)
        stream = self._output.add_stream("libx264", Fraction(rate).limit_denominator(1001), dict(ENCODER))
        stream.width, stream.height = width + width % 2, height + height % 2  # 4:2:0 needs even sizes
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        stream.time_base = context.time_base = self._base
        context.color_range = ColorRange.MPEG
        context.colorspace, context.color_trc = image.colorspace, image.color_trc
        context.color_primaries = image.color_primaries
        return stream

    def add(self, frame: DecodedFrame, draw: Draw, *, ended: int) -> None:
        """Add the next frame; it lasts until `ended` (ns of media time) at most."""
        source = frame.image
        colour = upright(source)
        draw(colour, frame.media_time)
        drawn = av.VideoFrame.from_ndarray(colour, format="bgr24").reformat(
            width=self._stream.width,
            height=self._stream.height,
            format="yuv420p",
            dst_colorspace=_matrix(source),
            dst_color_range=ColorRange.MPEG,
            interpolation=SCALING,
        )
        drawn.pts, drawn.time_base = source.pts, self._base
        if source.pts is not None:
            left = int((ended - frame.media_time) / (self._base * SECOND))
            self._durations[source.pts] = max(1, min(source.duration, left))
            self._sound.write_until(self._output, float(source.pts * self._base))
        self._encode(drawn)

    def finish(self) -> None:
        self._encode(None)
        self._sound.write_until(self._output, inf)

    def _encode(self, drawn: av.VideoFrame | None) -> None:
        for packet in self._stream.encode(drawn):
            packet.duration = self._durations.pop(packet.pts, 0) if packet.pts is not None else 0
            self._output.mux(packet)


def upright(source: av.VideoFrame) -> Colour:
    """Return the image in colour, rotated to be upright."""
    plain = source.reformat(format="bgr24", src_colorspace=_matrix(source), interpolation=SCALING)
    return rotated(np.asarray(plain.to_ndarray(), dtype=np.uint8), source)


def _matrix(source: av.VideoFrame) -> int:
    return BT601 if source.colorspace == UNSPECIFIED else source.colorspace
