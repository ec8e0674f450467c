"""Converts decoded frames to the grey images of the networks: upright, full range, no larger than needed."""

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from ingest.frame import LONG_SIDE

# Formats whose first plane is the luma in 8 bits. All others go through the scaler.
PLANAR_YUV = [f"yuv{sampling}p" for sampling in (410, 411, 420, 422, 440, 444)]
FULL_RANGE_YUV = [f"yuvj{sampling}p" for sampling in (411, 420, 422, 440, 444)]
LUMA_FIRST = frozenset([*PLANAR_YUV, *FULL_RANGE_YUV, "gray", "nv12", "nv21", "nv16", "nv24", "yuva420p"])

TURNS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}

# Luma of video is mostly in 16..235 (ITU-R BT.601); the networks were trained on images in 0..255.
FULL_RANGE = np.clip(np.round((np.arange(256) - 16) * (255 / 219)), 0, 255).astype(np.uint8)


def grey_of(image: av.VideoFrame) -> NDArray[np.uint8]:
    """Return the luma of an image: (height, width), read-only, long side at most LONG_SIDE."""
    plane, limited = _plane(image)
    # The decoder reuses its memory, so the result must be a copy.
    grey = reduced(plane)
    if limited:
        grey = np.asarray(cv2.LUT(grey, FULL_RANGE), dtype=np.uint8)
    grey = rotated(grey, image)
    grey.flags.writeable = False
    return grey


def quarter_turns(image: av.VideoFrame) -> int:
    """Return the counterclockwise rotation that makes the image upright: 0, 90, 180 or 270 degrees."""
    return round(image.rotation / 90) * 90 % 360


def rotated(pixels: NDArray[np.uint8], image: av.VideoFrame) -> NDArray[np.uint8]:
    """Return the pixels of an image, (height, width) or (height, width, 3), rotated to be upright."""
    turn = quarter_turns(image)
    return np.asarray(cv2.rotate(pixels, TURNS[turn]), dtype=np.uint8) if turn else pixels


def shown_size(image: av.VideoFrame) -> tuple[int, int]:
    """Return the width and height of the upright image in pixels."""
    if quarter_turns(image) in (90, 270):
        return image.height, image.width
    return image.width, image.height


def _plane(image: av.VideoFrame) -> tuple[NDArray[np.uint8], bool]:
    """Return the luma plane without a copy, and whether it has the limited range."""
    name = image.format.name
    if name not in LUMA_FIRST:
        grey = image.reformat(format="gray", dst_color_range=ColorRange.JPEG)
        return _pixels(grey), False
    if image.color_range == ColorRange.UNSPECIFIED:
        return _pixels(image), name not in FULL_RANGE_YUV and name != "gray"
    return _pixels(image), image.color_range == ColorRange.MPEG


def _pixels(image: av.VideoFrame) -> NDArray[np.uint8]:
    plane = image.planes[0]
    rows: NDArray[np.uint8] = np.frombuffer(memoryview(plane), np.uint8)[: plane.height * plane.line_size]
    return rows.reshape(plane.height, plane.line_size)[:, : plane.width]


def reduced(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a copy of a plane, scaled down if its long side is more than LONG_SIDE."""
    height, width = plane.shape
    scale = LONG_SIDE / max(height, width)
    if scale >= 1:
        return plane.copy()
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
