"""Writes drawn pictures into a video."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray


def write_video(file: Path, pictures: Iterable[NDArray[np.uint8]], rate: int) -> None:
    """Writes (height, width, 3) pictures, red green blue, so many a second, as H.264.

    The file is there only once it is complete. Raises OSError.
    """
    unfinished = file.with_suffix(".part")
    with av.open(str(unfinished), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=rate, options={"preset": "veryfast", "crf": "20"})
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = rate
        for number, picture in enumerate(pictures):
            if number == 0:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    unfinished.replace(file)
