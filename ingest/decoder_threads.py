"""Threads of a video decoder, which must not hide damage."""

from typing import Literal

from av.video.stream import VideoStream

# FFmpeg's decoders that conceal errors and flag the picture afterwards. With a thread for each frame, a
# picture that is reordered may be out before it is flagged, at random; with threads for slices H.264 conceals
# and flags nothing: findings/frame_threads_lose_errors.sh.
CONCEALING = ("h264", "mpeg4")


def use_threads(stream: VideoStream, kind: Literal["FRAME", "SLICE"]) -> None:
    """Give the decoder of a stream threads of this kind, unless pictures would lose their flags of damage."""
    context = stream.codec_context
    hides_damage = context.name in CONCEALING and (kind == "SLICE" or context.has_b_frames)
    stream.thread_type = "NONE" if hides_damage else "AUTO" if kind == "FRAME" else kind
