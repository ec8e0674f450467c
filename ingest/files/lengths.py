"""The lengths that a file declares: of all of it, and of its video."""

import re
from contextlib import suppress
from pathlib import Path

from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from ingest.files.layout.mp4_clock import fragments_start
from ingest.pace import SECOND

# A file may declare a little more than it has (rounding, a last frame's duration) and still be whole.
END_TOLERANCE = SECOND // 4  # ns

# A longer time without a picture is a clock that jumps, unless the file has an index of its pictures and a
# length that says so: joined recordings begin at any time.
LARGEST_HOLE = 3_600 * SECOND  # ns
INDEXED = ("mov", "matroska", "avi", "gif")

# Matroska's tag with the length of a track, in hours, minutes and seconds.
TAG = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")


def nanoseconds(stream: Stream, ticks: int) -> int:
    """Convert a time of a stream's packets or frames."""
    base = stream.time_base
    assert base is not None  # every stream has one
    return ticks * base.numerator * SECOND // base.denominator


def started(container: InputContainer) -> int:
    """Return the time of the container's clock at its start, in ns."""
    return (container.start_time or 0) * 1000


def declared_duration(container: InputContainer) -> int | None:
    """Return the container's duration in ns, or None if it has none.

    Matroska and FLV give the end on their clock, so the clock's start is subtracted. In Matroska a start of
    at most a quarter of a second is what encoders put before the first frame, and other containers count it
    as part of the duration. Some writers of FLV give the length instead, which then lies before the start.
    FFmpeg counts the time before the first fragment of an MP4, too.
    """
    if container.duration is None:
        return None
    duration, start, name = container.duration * 1000, started(container), container.format.name
    if "matroska" in name:
        return duration - start + counted_start(container)
    if "mov" in name:
        return duration - _before_fragments(container)
    return duration - start if name == "flv" and start < duration else duration


def counted_start(container: InputContainer) -> int:
    """Return how much of the declared duration lies before the start, in ns."""
    start = started(container)
    return start if "matroska" in container.format.name and start <= END_TOLERANCE else 0


def video_end(container: InputContainer, stream: VideoStream) -> int | None:
    """Return the end of the video by the length of its stream, in ns since the start; None if it has none."""
    if stream.duration is not None and stream.start_time is not None:
        end = nanoseconds(stream, stream.start_time + stream.duration) - started(container)
        return end - _before_fragments(container)
    tag = TAG.fullmatch(stream.metadata.get("DURATION", ""))
    if tag is None:
        return None
    hours, minutes, seconds = tag.groups()
    return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * SECOND) - started(container)


def _before_fragments(container: InputContainer) -> int:
    """Return the time in ns before the first fragment of a fragmented MP4: its index has no pictures."""
    if "mov" not in container.format.name or any(stream.frames for stream in container.streams):
        return 0
    with suppress(OSError):
        return round(fragments_start(Path(container.name.removeprefix("file:"))) * SECOND)
    return 0


def is_measured(container: InputContainer) -> bool:
    """Return whether the declared duration is that of an index.

    Otherwise it is the difference of the clock at both ends, and the clock may have jumped between them.
    """
    return any(name in container.format.name for name in INDEXED)


def largest_hole(container: InputContainer) -> int:
    """Return the longest time without a picture, in ns, that is no jump of the clock."""
    return max(LARGEST_HOLE, declared_duration(container) or 0) if is_measured(container) else LARGEST_HOLE
