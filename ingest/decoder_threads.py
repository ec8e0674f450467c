"""Threads of a video decoder, which must not hide damage."""

from typing import Literal

from av.video.stream import VideoStream

# FFmpeg's decoders of H.264 and MPEG-4 conceal errors and flag the picture afterwards. With a thread for each
# frame a picture may be out before it is flagged, at random; of H.264 only one that is reordered. With
# threads for slices H.264 conceals and flags nothing: findings/frame_threads_lose_errors.sh.


def use_threads(stream: VideoStream, kind: Literal["FRAME", "SLICE"]) -> None:
    """Give the decoder of a stream threads of this kind, unless pictures would lose their flags of damage."""
    context = stream.codec_context
    reorders = context.name == "h264" and (kind == "SLICE" or context.has_b_frames)
    hides_damage = reorders or context.name == "mpeg4"
    stream.thread_type = "NONE" if hides_damage else "AUTO" if kind == "FRAME" else kind
