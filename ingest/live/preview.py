"""The colour picture that the dashboard shows while somebody watches: as it is, or too coarse for a face."""

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.luma import TURNS, quarter_turns

LONG_SIDE = 640  # pixels
QUALITY = 75  # of 100, JPEG
BETWEEN = {"shown": 1 / 12, "blurred": 1.0}  # seconds of media time at least from one to the next

# The whole picture becomes this coarse, since the detector misses faces. People recognise half the faces they
# know from 7 x 10 squares (Sinha et al., Face Recognition by Humans, 2006): one as high as the picture gets
# fewer. One a second only: from many coarse pictures of a moving face a finer one can be computed.
SHORT_SIDE_SQUARES = 6

Colour = NDArray[np.uint8]  # (height, width, 3): blue, green, red


def jpeg_of(picture: av.VideoFrame, *, blurred: bool = False) -> bytes:
    """A JPEG as a player shows the picture, its long side at most LONG_SIDE."""
    scale = min(1.0, LONG_SIDE / max(picture.width, picture.height))
    width, height = (max(1, round(side * scale)) for side in (picture.width, picture.height))
    colour = np.asarray(picture.reformat(width, height, format="bgr24").to_ndarray(), dtype=np.uint8)
    turn = quarter_turns(picture)
    if turn:
        colour = np.asarray(cv2.rotate(colour, TURNS[turn]), dtype=np.uint8)
    if blurred:
        colour = _coarse(colour)
    _, jpeg = cv2.imencode(".jpg", colour, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return jpeg.tobytes()


def _coarse(colour: Colour) -> Colour:
    """Each square in the mean colour of what it covers."""
    height, width = colour.shape[:2]
    side = min(width, height) / SHORT_SIDE_SQUARES
    squares = (max(1, round(width / side)), max(1, round(height / side)))
    means = cv2.resize(colour, squares, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(means, (width, height), interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
