"""Writer of a video from drawn frames."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray


def write_video(file: Path, frames: Iterable[NDArray[np.uint8]], rate: int) -> None:
    """Write (height, width, 3) RGB frames, `rate` a second, as H.264.

    The file appears only when it is complete. Raises OSError.
    """
    unfinished = file.with_suffix(".part")
    with av.open(str(unfinished), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=rate, options={"preset": "veryfast", "crf": "20"})
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = rate
        for number, pixels in enumerate(frames):
            if number == 0:
                stream.height, stream.width = pixels.shape[:2]
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    unfinished.replace(file)
