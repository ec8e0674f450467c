"""Frames: the unit that ingest sends to the engine, a grey image with its times."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

# The origin of `captured_at`: the camera's RTCP sender reports, the arrival at ingest, or of a recording the
# creation time that its container tells.
Clock = Literal["rtcp", "arrival", "container"]

# Frames are reduced to this long side before they leave the decoder: a face of 24 px in 1080p keeps 12.
LONG_SIDE = 960  # pixels


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One image of one source.

    `connection` and `number` identify the frame within its source. A gap between the numbers of a connection
    is the number of frames that were dropped.
    """

    source: str
    number: int  # counts the picked frames of this connection, from 0
    media_time: int  # ns; of a recording the PTS, of a live source the time since it was added
    damaged: bool  # there were decoding errors since the frame before
    grey: NDArray[np.uint8]  # luma plane, (height, width), read-only, long side at most LONG_SIDE
    view: int = 0  # of a recording: counts the changes of its shape, in pixels or by a turn
    # Of recordings only: times without a picture (start, end; ns) since the frame before, picked or not.
    gaps: tuple[tuple[int, int], ...] = ()
    # Of live sources only:
    connection: int = 0  # ms; arrival of its first frame, new at each change of shape
    captured_at: datetime | None = None  # UTC
    clock: Clock | None = None  # the origin of captured_at
    # Of recordings only:
    picture: int | None = None  # number of the picture in the file, from 0, in the order shown
