"""Checks the video decoders of FFmpeg's libraries, which come with PyAV."""

from collections.abc import Iterable

import av

COMMON = ("h264", "hevc", "mjpeg", "mpeg4", "vp8", "vp9", "av1")  # of cameras and most recordings


def missing_decoders(names: Iterable[str] = COMMON) -> list[str]:
    return [name for name in names if name not in av.codecs_available]


def decoder_version() -> str:
    """Return the versions of PyAV and of the libavcodec in it."""
    codec = ".".join(map(str, av.library_versions["libavcodec"]))
    return f"PyAV {av.__version__}, libavcodec {codec}"
