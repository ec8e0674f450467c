"""Which video this machine can decode: FFmpeg's libraries come with PyAV, its programs are not needed."""

from collections.abc import Iterable

import av

# What cameras send and recordings are made in.
USUAL = ("h264", "hevc", "mjpeg", "mpeg4", "vp8", "vp9", "av1")


def missing_decoders(names: Iterable[str] = USUAL) -> list[str]:
    return [name for name in names if name not in av.codecs_available]


def decoder_version() -> str:
    """Of PyAV, and of FFmpeg's libavcodec in it."""
    codec = ".".join(map(str, av.library_versions["libavcodec"]))
    return f"PyAV {av.__version__}, libavcodec {codec}"
