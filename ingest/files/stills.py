"""Reads image files, upright and in 8 bits: a file becomes a frame at time 0."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.files.recording import UnreadableError, check_file
from ingest.frame import Frame
from ingest.picture.luma import reduced

STANDARD_ERROR = 2

# Warnings of libjpeg about an image that it decodes in spite of damage. Others are harmless.
DAMAGE_WARNINGS = (b"Corrupt JPEG data", b"Premature end of JPEG")


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """An image as viewers show it."""

    colour: NDArray[np.uint8]  # (height, width, 3): blue, green, red, without alpha
    damaged: bool  # decoded with errors


def read_image(path: Path) -> Still:
    """Read JPEG, PNG, WebP, BMP or TIFF, rotated by its EXIF orientation. Raise UnreadableError."""
    check_file(path)
    try:
        encoded = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise UnreadableError(path, (error.strerror or "cannot be read").lower()) from error
    with _standard_error() as output:
        try:
            colour = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
        except cv2.error as error:
            raise UnreadableError(path, "the image is too large or damaged") from error
    if colour is None:
        reason = "damaged or cut off" if cv2.haveImageReader(str(path)) else "not an image"
        raise UnreadableError(path, reason)
    damaged = any(warning in output for warning in DAMAGE_WARNINGS)
    return Still(np.asarray(colour, dtype=np.uint8), damaged)


def still_frame(still: Still, source: str) -> Frame:
    """Return the image as a frame; its grey is that of JPEG (ITU-R BT.601, full range)."""
    grey = reduced(np.asarray(cv2.cvtColor(still.colour, cv2.COLOR_BGR2GRAY), dtype=np.uint8))
    grey.flags.writeable = False
    return Frame(source=source, number=0, media_time=0, damaged=still.damaged, grey=grey)


def write_image(path: Path, colour: NDArray[np.uint8]) -> None:
    """Write an image in the format of the suffix. Raise OSError."""
    _, encoded = cv2.imencode(path.suffix, colour)
    path.write_bytes(encoded.tobytes())


@contextmanager
def _standard_error() -> Iterator[bytearray]:
    """Capture what C libraries write to standard error: libjpeg reports damage in no other way."""
    output = bytearray()
    before = os.dup(STANDARD_ERROR)
    file = os.memfd_create("stderr")
    try:
        os.dup2(file, STANDARD_ERROR)
        yield output
    finally:
        os.dup2(before, STANDARD_ERROR)
        os.close(before)
        output += os.pread(file, os.fstat(file).st_size, 0)
        os.close(file)
