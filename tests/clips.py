"""Makes small videos: the brightness of each frame is its number."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from ingest.files.layout.boxes import HEADER, boxes

QUICK = {
    "libx264": {"preset": "veryfast"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=error"},
}

STEP = 2  # brightness from one frame to the next


def make_clip(
    path: Path,
    times: Sequence[int],
    *,
    size: tuple[int, int] = (320, 240),
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    rotation: int = 0,
    index_first: bool = True,
) -> Path:
    """Make a video with frames at `times` (ms); an MP4's index comes first or last.

    `rotation`: degrees counterclockwise by which a player rotates it.
    """
    movflags = {"movflags": "+faststart"} if index_first and path.suffix == ".mp4" else {}
    with av.open(str(path), "w", options=movflags) as container:
        stream = container.add_stream(codec, rate=25, options={"g": "12", **QUICK.get(codec, {})})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = pixel_format
        stream.codec_context.time_base = Fraction(1, 1000)
        if rotation:
            stream.set_display_rotation(rotation)
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(numbered_image(number, size), format="gray").reformat(
                format=pixel_format
            )
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def numbered_image(number: int, size: tuple[int, int]) -> np.ndarray:
    """Return an image: the upper half as bright as the number, moving noise in the lower half."""
    width, height = size
    pixels = np.full((height, width), brightness(number), dtype=np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (height - height // 2, width), dtype=np.uint8)
    pixels[height // 2 :] = np.roll(noise, number * 3, axis=1)
    return pixels


def brightness(number: int) -> int:
    return 40 + number * STEP % 160


def even(frames: int, rate: float = 25.0) -> list[int]:
    """Return the times of evenly spaced frames in ms."""
    return [round(number * 1000 / rate) for number in range(frames)]


def make_sound(path: Path, seconds: float = 1.0) -> Path:
    """Make a file with sound only."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100, layout="mono")
        for start in range(0, round(seconds * 44100), 1024):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 44100, start, Fraction(1, 44100)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def remux(source: Path, target: Path, *, times: int = 1) -> Path:
    """Copy the packets of a video `times` times in a row into a container of `target`'s suffix."""
    with av.open(str(target), "w") as output:
        stream = None
        for repeat in range(times):
            with av.open(str(source)) as container:
                video = container.streams.video[0]
                stream = stream or output.add_stream_from_template(video)
                assert container.duration is not None
                assert video.time_base is not None
                offset = round(repeat * container.duration / av.time_base / video.time_base)
                for packet in container.demux(video):
                    if packet.dts is None or packet.pts is None:  # the end of the stream
                        continue
                    packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                    packet.stream = stream
                    output.mux(packet)
    return target


def without_first_fragment(path: Path) -> Path:
    """Write the index of a fragmented MP4 and all fragments but the first, as a recorder's next segment."""
    data = path.read_bytes()
    with path.open("rb") as file:
        index, _, second, *_ = [box for box in boxes(file, 0, len(data)) if box.kind in (b"moov", b"moof")]
    segment = path.with_name(f"segment.{path.name}")
    segment.write_bytes(data[: index.end] + data[second.start - HEADER :])
    return segment


def zero_third(path: Path) -> Path:
    """Overwrite the middle third of the file with zeros."""
    data = bytearray(path.read_bytes())
    third = len(data) // 3
    data[third : 2 * third] = bytes(third)
    path.write_bytes(data)
    return path


def cut(path: Path, share: float) -> Path:
    """Keep the first `share` (0..1) of the file."""
    data = path.read_bytes()
    path.write_bytes(data[: round(len(data) * share)])
    return path


def created_at(path: Path, copy: Path, text: str) -> Path:
    """Copy a clip's video with a creation time."""
    with av.open(str(path)) as source, av.open(str(copy), "w") as target:
        target.metadata["creation_time"] = text
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    return copy
