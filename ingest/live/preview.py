"""Makes previews of frames: JPEGs as they are, or so coarse that faces are unrecognisable."""

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.picture.luma import rotated

LONG_SIDE = 640  # pixels
QUALITY = 75  # of 100, JPEG
PREVIEW_INTERVAL = {"shown": 1 / 12, "blurred": 1.0}  # seconds of media time between two previews at least

# The whole image becomes this coarse, because the detector misses faces. People recognise half of the faces
# that they know from 7 x 10 squares (Sinha et al., Face Recognition by Humans, 2006); a face as high as the
# image gets fewer. One a second: from many coarse images of a moving face a finer one can be computed.
SHORT_SIDE_SQUARES = 6

Colour = NDArray[np.uint8]  # (height, width, 3): blue, green, red


def jpeg_of(image: av.VideoFrame, *, blurred: bool = False) -> bytes:
    """Return the image as a JPEG, upright, its long side at most LONG_SIDE."""
    scale = min(1.0, LONG_SIDE / max(image.width, image.height))
    width, height = (max(1, round(side * scale)) for side in (image.width, image.height))
    colour = np.asarray(image.reformat(width, height, format="bgr24").to_ndarray(), dtype=np.uint8)
    colour = rotated(colour, image)
    if blurred:
        colour = _coarse(colour)
    _, jpeg = cv2.imencode(".jpg", colour, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return jpeg.tobytes()


def _coarse(colour: Colour) -> Colour:
    """Fill each square with its mean colour."""
    height, width = colour.shape[:2]
    side = min(width, height) / SHORT_SIDE_SQUARES
    squares = (max(1, round(width / side)), max(1, round(height / side)))
    means = cv2.resize(colour, squares, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(means, (width, height), interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
