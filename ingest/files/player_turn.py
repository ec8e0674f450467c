"""Finds the turn that a browser leaves out: browsers apply what the container declares, and nothing else."""

from collections.abc import Iterator
from pathlib import Path

from av import VideoFrame
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer
from av.video.stream import VideoStream

from ingest.files.opening import open_video
from ingest.picture.display import Display, turn_of
from ingest.picture.options import TURNS, DisplayOptions, Turn
from ingest.picture.orientation import UPRIGHT, Orientation

# Removes the messages (SEI) from a stream, by the types of their units (ITU-T H.264, H.265).
WITHOUT_MESSAGES = {"h264": "filter_units=remove_types=6", "hevc": "filter_units=remove_types=39|40"}


def player_turn(path: Path, shown: Orientation, options: DisplayOptions) -> Turn:
    """Return the turn from the picture in a browser to the one that mien shows. Raise UnreadableError."""
    declared = UPRIGHT if shown == turn_of(options) else _of_container(path, options)
    return next(turn for turn in TURNS if declared.then(turn_of(DisplayOptions(turn))) == shown)


def _of_container(path: Path, options: DisplayOptions) -> Orientation:
    """Return the orientation that the container declares for the first picture."""
    container, stream = open_video(path, options)
    with container:
        image = next(_without_messages(container, stream), None)
        return UPRIGHT if image is None else Display(stream).picture(image).shape.orientation


def _without_messages(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    context = stream.codec_context
    removal = WITHOUT_MESSAGES.get(context.name)
    kept = BitStreamFilterContext(removal, stream) if removal else None
    for packet in container.demux(stream):
        for each in kept.filter(packet) if kept else (packet,):
            yield from context.decode(each)
