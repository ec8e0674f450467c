"""Makes small films with sound, in any container."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from tests.clips import numbered_image

SIZE = (160, 120)
SMALL = (64, 48)  # of slow encoders
RATE = 48_000  # samples a second
FRAME = 960  # samples; what Opus and MP2 encoders accept is padded by FFmpeg

# Containers by suffix: FFmpeg's name, codecs of picture and sound, options.
KINDS: dict[str, tuple[str, str, str, dict[str, str]]] = {
    "mp4": ("mp4", "libx264", "aac", {}),
    "frag.mp4": ("mp4", "libx264", "aac", {"movflags": "frag_keyframe+delay_moov"}),
    "mov": ("mov", "libx264", "aac", {}),
    "3gp": ("3gp", "libx264", "aac", {}),
    "mkv": ("matroska", "libx264", "aac", {}),
    "webm": ("webm", "libvpx", "libopus", {}),
    "live.webm": ("webm", "libvpx", "libopus", {"live": "1"}),
    "avi": ("avi", "mpeg4", "mp2", {}),
    "flv": ("flv", "libx264", "aac", {}),
    "bare.flv": ("flv", "libx264", "aac", {"flvflags": "no_duration_filesize+no_metadata"}),
    "ts": ("mpegts", "libx264", "aac", {}),
    "mts": ("mpegts", "libx264", "ac3", {"mpegts_m2ts_mode": "1"}),
    "vob": ("vob", "mpeg2video", "mp2", {}),
    "ogv": ("ogg", "libvpx", "libopus", {}),
}


QUICK = {"libvpx": {"deadline": "realtime", "cpu-used": "8"}, "libx264": {"preset": "veryfast"}}


Picture = Callable[[int, tuple[int, int]], np.ndarray]  # of a number and a size: grey, or blue, green, red


def make_film(
    path: Path,
    times: Sequence[int],
    *,
    sound: float = 0.0,
    picture: Picture = numbered_image,
    **options: str,
) -> Path:
    """Make a film with pictures at `times` (ms) and `sound` seconds of silence from 0."""
    container_format, codec, sound_codec, usual = KINDS[path.name.partition(".")[2]]
    with av.open(str(path), "w", format=container_format, options=usual | options) as output:
        stream: Any = output.add_stream(codec, rate=25, options={"g": "12", **QUICK.get(codec, {})})
        stream.width, stream.height = size = SMALL if codec == "libvpx" else SIZE
        stream.pix_fmt = "yuv420p"
        is_fine = codec in ("libx264", "libvpx")
        stream.codec_context.time_base = base = Fraction(1, 1000) if is_fine else Fraction(1, 25)
        silence = _Silence(output, sound_codec, sound) if sound else None
        for number, time in enumerate(times):
            if silence is not None:
                silence.write_until(time / 1000)
            pixels = picture(number, size)
            pixel_format = "gray" if pixels.ndim == 2 else "bgr24"
            frame = av.VideoFrame.from_ndarray(pixels, format=pixel_format).reformat(format="yuv420p")
            frame.pts, frame.time_base = round(time / 1000 / base), base
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        if silence is not None:
            silence.write_until(sound)
            silence.end()
    return path


class _Silence:
    """A stream of silent sound."""

    def __init__(self, output: Any, codec: str, seconds: float) -> None:
        self._output = output
        self._stream = output.add_stream(codec, rate=RATE, layout="stereo")
        self._stream.codec_context.open()
        self._frame = self._stream.codec_context.frame_size or FRAME
        self._samples = 0
        self._all = round(seconds * RATE)

    def write_until(self, time: float) -> None:
        while self._samples < min(self._all, time * RATE):
            sound_format = self._stream.codec_context.format
            kind = np.float32 if "flt" in sound_format.name else np.int16
            shape = (2, self._frame) if sound_format.is_planar else (1, 2 * self._frame)
            frame = av.AudioFrame.from_ndarray(
                np.zeros(shape, kind), format=sound_format.name, layout="stereo"
            )
            frame.sample_rate, frame.pts, frame.time_base = RATE, self._samples, Fraction(1, RATE)
            self._output.mux(self._stream.encode(frame))
            self._samples += self._frame

    def end(self) -> None:
        self._output.mux(self._stream.encode(None))
