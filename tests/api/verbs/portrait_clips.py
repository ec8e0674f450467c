"""Recordings with a real face: the portrait of Eileen Collins (NASA, public domain) in scikit-image."""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
import pytest


@cache
def portrait(height: int) -> np.ndarray:
    """Return a square picture (blue, green, red) of a smiling face, a third of its width."""
    data = pytest.importorskip("skimage.data")
    colour = cv2.cvtColor(data.astronaut()[:320, 60:380], cv2.COLOR_RGB2BGR)
    return np.asarray(cv2.resize(colour, (height, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def scene(number: int, size: tuple[int, int], *, empty: bool = False) -> np.ndarray:
    """The portrait, moved by two pixels a picture."""
    width, height = size
    side = min(size)
    picture = np.full((height, width, 3), 60, dtype=np.uint8)
    if not empty:
        left = 2 * number % max(1, width - side + 1)
        picture[:side, left : left + side] = portrait(side)
    return picture


def face_clip(
    path: Path,
    times: Sequence[int],
    *,
    size: tuple[int, int] = (640, 360),
    empty: Sequence[int] = (),
    codec: str = "libx264",
    movflags: str = "",
    upside_down: bool = False,
) -> Path:
    """A video whose pictures are shown at `times` (ms); those whose numbers are in `empty` have no face."""
    options = {"x265-params": "log-level=error"} if codec == "libx265" else {"g": "12"}
    with av.open(str(path), "w", options={"movflags": movflags} if movflags else {}) as container:
        stream = container.add_stream(codec, rate=25, options={"preset": "ultrafast", **options})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, time in enumerate(times):
            picture = scene(number, size, empty=number in empty)
            if upside_down:
                picture = np.ascontiguousarray(picture[::-1, ::-1])
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
