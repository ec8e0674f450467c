"""The atom of a stream: one grey picture with its clocks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

# Where `captured_at` came from: the camera's RTCP sender reports, or the moment of arrival here.
Clock = Literal["rtcp", "arrival"]

# Frames are reduced to this long side before they leave the decoder: a face of 24 px in 1080p keeps 12.
LONG_SIDE = 960  # pixels


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of one source.

    `connection` and `number` together name the frame within its source: a frame whose number does not
    follow its predecessor's in the same connection tells how many were dropped in between.
    """

    source: str
    connection: int  # ms; arrival of its first picture, new at each change of size; 0 for a recording
    number: int  # counts the frames chosen for reading in this connection, from 0
    media_time: int  # ns; the PTS, carried on over reconnections of a live source
    captured_at: datetime | None  # UTC; None for a recording
    clock: Clock | None  # where captured_at came from; None for a recording
    damaged: bool  # the decoder met errors since the frame before
    grey: NDArray[np.uint8]  # luma plane, (height, width), read-only, long side at most LONG_SIDE
