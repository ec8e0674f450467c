"""Makes previews of frames: JPEGs as they are, or so coarse that faces are unrecognisable."""

import cv2
import numpy as np

from ingest.picture.colour import Colour, colour_of, fitted
from ingest.picture.display import Picture

LONG_SIDE = 640  # pixels
QUALITY = 75  # of 100, JPEG
PREVIEW_INTERVAL = {"shown": 1 / 12, "blurred": 1.0}  # seconds of media time between two previews at least

# The whole image becomes this coarse, because the detector misses faces. People recognise half of the faces
# that they know from 7 x 10 squares (Sinha et al., Face Recognition by Humans, 2006); a face as high as the
# image gets fewer. One a second: from many coarse images of a moving face a finer one can be computed.
SHORT_SIDE_SQUARES = 6


def jpeg_of(picture: Picture, *, blurred: bool = False) -> bytes:
    """Return the picture as a JPEG, as it is shown, its long side at most LONG_SIDE."""
    shape = picture.shape
    longest = min(LONG_SIDE, max(shape.width, shape.height))
    colour = colour_of(picture, fitted(shape, (longest, longest)))
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
