"""Converts decoded pictures to colour images as a player shows them."""

import av
import numpy as np
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from ingest.picture.display import Picture, Shape
from ingest.picture.pq import is_pq, standard_colour

Colour = NDArray[np.uint8]  # (height, width, 3): blue, green, red

# Without the last two, FFmpeg's scaler rounds down, so that images become 1 to 2 % darker.
SCALING = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT

# FFmpeg assumes the matrix of ITU-R BT.601 for video that names none.
UNSPECIFIED, BT601 = 2, 5


def colour_of(picture: Picture, size: tuple[int, int] | None = None) -> Colour:
    """Return the picture as shown; `size`: its width and height in pixels, if not those of its shape."""
    shape = picture.shape
    width, height = (shape.width, shape.height) if size is None else size
    return shape.orientation.apply(_converted(picture.image, *shape.orientation.size(width, height)))


def fitted(shape: Shape, within: tuple[int, int]) -> tuple[int, int]:
    """Return the largest width and height of this shape within a width and height."""
    scale = min(within[0] / shape.width, within[1] / shape.height)
    return max(1, round(shape.width * scale)), max(1, round(shape.height * scale))


def letterboxed(colour: Colour, size: tuple[int, int]) -> Colour:
    """Return an image of this width and height with another one, no larger, in its middle, and black bars."""
    height, width = colour.shape[:2]
    if (width, height) == size:
        return colour
    canvas = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    canvas[top : top + height, left : left + width] = colour
    return canvas


def _converted(image: av.VideoFrame, width: int, height: int) -> Colour:
    scaled = image.reformat(
        width,
        height,
        format="rgb48le" if is_pq(image) else "bgr24",
        src_colorspace=matrix_of(image),
        interpolation=SCALING,
    ).to_ndarray()
    if is_pq(image):
        return standard_colour(np.asarray(scaled, dtype=np.uint16))
    return np.asarray(scaled, dtype=np.uint8)


def matrix_of(image: av.VideoFrame) -> int:
    """Return the code of the image's matrix from YUV to RGB (ITU-T H.273)."""
    return BT601 if image.colorspace == UNSPECIFIED else image.colorspace
