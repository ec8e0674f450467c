"""Draws on a video: writes a copy with the same frames at the same times and the same sound."""

from collections.abc import Callable
from contextlib import ExitStack
from fractions import Fraction
from math import inf
from pathlib import Path

import av
from av.container import OutputContainer
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream

from ingest.files.audio import Sound
from ingest.files.decoder import DecodedFrame
from ingest.files.recording import open_recording
from ingest.pace import SECOND
from ingest.picture.colour import SCALING, Colour, colour_of, fitted, letterboxed, matrix_of
from ingest.picture.display import Picture
from ingest.picture.options import NO_CORRECTION, DisplayOptions
from ingest.picture.pq import is_pq

Draw = Callable[[Colour, int], None]  # draws on the image of a media time (ns)

# The first format that can carry the sound is used. Matroska carries any, but rounds times to a millisecond.
SUFFIXES = {"mp4": ".mp4", "mov": ".mov", "matroska": ".mkv"}

# Units a second in which MP4 gives the start of each stream; its default shifts the sound by up to 1 ms.
MOVIE_TIMESCALE = "90000"
FALLBACK_RATE = 25.0  # frames a second, for the encoder's rate control if the file has no rate

# Quality a little above libx264's default of 23, so that drawn edges stay sharp. No B-frames: frames leave
# the encoder in the order of their times, and no player needs an edit list for the first one.
ENCODER = {"preset": "veryfast", "crf": "20", "bf": "0"}

BT709 = 1  # (ITU-T H.273), of pictures with PQ after their conversion


def rewrite(
    path: Path,
    stem: Path,
    draw: Draw,
    stopped: Callable[[], bool],
    display: DisplayOptions = NO_CORRECTION,
) -> Path:
    """Write every whole frame of `path`, as shown and drawn on, as H.264; return the new file's path.

    A frame of another shape than the first gets black bars. The file is `stem` with a suffix that fits the
    sound. When `stopped` returns True the file ends there, and is playable. Raise UnreadableError for the
    input, and OSError for the output.
    """
    try:
        return _rewrite(path, stem, draw, stopped, display)
    except OSError:
        raise
    except av.FFmpegError as error:
        raise OSError(error.errno, error.strerror) from error


def _rewrite(
    path: Path, stem: Path, draw: Draw, stopped: Callable[[], bool], display: DisplayOptions
) -> Path:
    with ExitStack() as opened:
        recording = opened.enter_context(open_recording(path, path.name, None, options=display))
        rate = recording.frame_rate or FALLBACK_RATE
        sound = Sound(path, display, round(SECOND / rate))
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
                writer = _Writer(output, sound, frame.picture, rate)
            writer.add(frame, draw, ended=recording.duration)
        if writer is not None:
            writer.finish()
    return target


class _Writer:
    """Encodes frames, and writes the sound beside them."""

    def __init__(self, output: OutputContainer, sound: Sound, first: Picture, rate: float) -> None:
        self._output = output
        self._sound = sound
        assert first.image.time_base is not None  # the decoder sets it
        self._base = first.image.time_base
        self._size = first.shape.width, first.shape.height
        self._matrix = BT709 if is_pq(first.image) else matrix_of(first.image)
        self._stream = self._video_stream(first, rate)
        sound.add_to(output)
        self._durations: dict[int, int] = {}  # by PTS, of frames in the encoder

    def _video_stream(self, first: Picture, rate: float) -> VideoStream:
        width, height = self._size
        stream = self._output.add_stream("libx264", Fraction(rate).limit_denominator(1001), dict(ENCODER))
        stream.width, stream.height = width + width % 2, height + height % 2  # 4:2:0 needs even sizes
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        stream.time_base = context.time_base = self._base
        context.color_range = ColorRange.MPEG
        image = first.image
        context.colorspace, context.color_trc = image.colorspace, image.color_trc
        context.color_primaries = image.color_primaries
        if is_pq(image):
            context.colorspace = context.color_trc = context.color_primaries = BT709
        return stream

    def add(self, frame: DecodedFrame, draw: Draw, *, ended: int) -> None:
        """Add the next frame; it lasts until `ended` (ns of media time) at most."""
        source = frame.picture.image
        colour = colour_of(frame.picture, fitted(frame.picture.shape, self._size))
        draw(colour, frame.media_time)
        canvas = letterboxed(colour, self._size)
        drawn = av.VideoFrame.from_ndarray(canvas, format="bgr24").reformat(
            width=self._stream.width,
            height=self._stream.height,
            format="yuv420p",
            dst_colorspace=self._matrix,
            dst_color_range=ColorRange.MPEG,
            interpolation=SCALING,
        )
        drawn.pts, drawn.time_base = self._ticks(source, source.pts), self._base
        if drawn.pts is not None:
            left = int((ended - frame.media_time) / (self._base * SECOND))
            self._durations[drawn.pts] = max(1, min(self._ticks(source, source.duration) or 0, left))
            self._sound.write_until(self._output, float(drawn.pts * self._base))
        self._encode(drawn)

    def _ticks(self, image: av.VideoFrame, ticks: int | None) -> int | None:
        """Convert a time of an image: each part of a joined recording may have another time base."""
        if ticks is None or image.time_base is None:
            return ticks
        return round(ticks * image.time_base / self._base)

    def finish(self) -> None:
        self._encode(None)
        self._sound.write_until(self._output, inf)

    def _encode(self, drawn: av.VideoFrame | None) -> None:
        for packet in self._stream.encode(drawn):
            packet.duration = self._durations.pop(packet.pts, 0) if packet.pts is not None else 0
            self._output.mux(packet)
