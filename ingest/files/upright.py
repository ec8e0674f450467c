"""Writes a still picture as an upright JPEG: `python -m ingest.files.upright FILE PIXELS TURN ASPECT`.

A process of its own with the limits of a probe, for the same reason. Prints nothing for a file that cannot
be read.
"""

import sys

import cv2
import numpy as np

from ingest.files.opening import UnreadableError
from ingest.files.probe import arguments, limit
from ingest.files.stills import read_image
from ingest.picture.colour import Colour

LONG_SIDE = 4096  # pixels; browsers and graphics cards refuse much larger pictures
QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 92]


def jpeg(colour: Colour) -> bytes:
    """Return a picture as JPEG, scaled down to LONG_SIDE if it is larger."""
    height, width, _ = colour.shape
    scale = min(1.0, LONG_SIDE / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    scaled = colour if scale == 1 else cv2.resize(colour, size, interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".jpg", np.ascontiguousarray(scaled), QUALITY)
    return encoded.tobytes()


def main() -> int:
    limit()
    path, options = arguments()
    try:
        sys.stdout.buffer.write(jpeg(read_image(path, options).colour))
    except (UnreadableError, MemoryError):
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
