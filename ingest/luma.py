"""A decoded picture's brightness as the networks get it: upright, full range, not larger than needed."""

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from ingest.frame import LONG_SIDE

# Formats whose first plane is the picture's brightness in 8 bits. All others go through the scaler.
PLANAR_YUV = [f"yuv{sampling}p" for sampling in (410, 411, 420, 422, 440, 444)]
FULL_RANGE_YUV = [f"yuvj{sampling}p" for sampling in (411, 420, 422, 440, 444)]
LUMA_FIRST = frozenset([*PLANAR_YUV, *FULL_RANGE_YUV, "gray", "nv12", "nv21", "nv16", "nv24", "yuva420p"])

TURNS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}

# Video brightness mostly lies in 16..235 (ITU-R BT.601); faces were learned from pictures that use 0..255.
FULL_RANGE = np.clip(np.round((np.arange(256) - 16) * (255 / 219)), 0, 255).astype(np.uint8)


def grey_of(picture: av.VideoFrame) -> NDArray[np.uint8]:
    """The brightness of a picture, (height, width), read-only, long side at most LONG_SIDE."""
    plane, limited = _plane(picture)
    # The decoder uses its memory again: what is handed out must be a copy of our own.
    grey = reduced(plane)
    if limited:
        grey = np.asarray(cv2.LUT(grey, FULL_RANGE), dtype=np.uint8)
    turn = quarter_turns(picture)
    if turn:
        grey = np.asarray(cv2.rotate(grey, TURNS[turn]), dtype=np.uint8)
    grey.flags.writeable = False
    return grey


def quarter_turns(picture: av.VideoFrame) -> int:
    """By how many degrees the picture must be turned counterclockwise: 0, 90, 180 or 270."""
    return round(picture.rotation / 90) * 90 % 360


def shown_size(picture: av.VideoFrame) -> tuple[int, int]:
    """Width and height in pixels as a player shows them."""
    if quarter_turns(picture) in (90, 270):
        return picture.height, picture.width
    return picture.width, picture.height


def _plane(picture: av.VideoFrame) -> tuple[NDArray[np.uint8], bool]:
    """The brightness plane where it lies, and whether it uses the limited range."""
    name = picture.format.name
    if name not in LUMA_FIRST:
        grey = picture.reformat(format="gray", dst_color_range=ColorRange.JPEG)
        return _pixels(grey), False
    if picture.color_range == ColorRange.UNSPECIFIED:
        return _pixels(picture), name not in FULL_RANGE_YUV and name != "gray"
    return _pixels(picture), picture.color_range == ColorRange.MPEG


def _pixels(picture: av.VideoFrame) -> NDArray[np.uint8]:
    plane = picture.planes[0]
    rows: NDArray[np.uint8] = np.frombuffer(memoryview(plane), np.uint8)[: plane.height * plane.line_size]
    return rows.reshape(plane.height, plane.line_size)[:, : plane.width]


def reduced(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A copy of a plane, shrunk where its long side is more than LONG_SIDE."""
    height, width = plane.shape
    scale = LONG_SIDE / max(height, width)
    if scale >= 1:
        return plane.copy()
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
