"""The colour picture that the dashboard shows while somebody watches."""

import av
import cv2
import numpy as np

from ingest.luma import TURNS, quarter_turns

LONG_SIDE = 640  # pixels
QUALITY = 75  # of 100, JPEG
BETWEEN = 1 / 12  # seconds of media time at least from one to the next


def jpeg_of(picture: av.VideoFrame) -> bytes:
    """A JPEG as a player shows the picture, its long side at most LONG_SIDE."""
    scale = min(1.0, LONG_SIDE / max(picture.width, picture.height))
    width, height = (max(1, round(side * scale)) for side in (picture.width, picture.height))
    colour = np.asarray(picture.reformat(width, height, format="bgr24").to_ndarray(), dtype=np.uint8)
    turn = quarter_turns(picture)
    if turn:
        colour = np.asarray(cv2.rotate(colour, TURNS[turn]), dtype=np.uint8)
    _, jpeg = cv2.imencode(".jpg", colour, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return jpeg.tobytes()
