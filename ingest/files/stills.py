"""Reads still images, upright and in 8 bits: a file becomes a frame at time 0."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from ingest.files.opening import UnreadableError, check_file
from ingest.files.pictures import PICTURE_ERRORS, PictureHeader, pillow, read_header
from ingest.frame import Frame
from ingest.picture.colour import Colour
from ingest.picture.display import SQUARE, shape_of, turn_of
from ingest.picture.limit import too_large
from ingest.picture.luma import reduced
from ingest.picture.options import NO_CORRECTION, DisplayOptions
from ingest.picture.orientation import Orientation

STANDARD_ERROR = 2
ORIENTATION_TAG = 0x0112  # of EXIF (CIPA DC-008)

# Formats that Pillow decodes, because OpenCV does not, or ignores their orientation. Of the others, OpenCV
# keeps 16 bits and reports damage.
OF_PILLOW = ("HEIF", "AVIF", "GIF")

# Warnings of libjpeg about an image that it decodes in spite of damage. Others are harmless.
DAMAGE_WARNINGS = (b"Corrupt JPEG data", b"Premature end of JPEG")


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """An image as viewers show it."""

    colour: Colour  # without alpha
    damaged: bool  # decoded with errors
    left_out: int = 0  # further pages or views of the file


def read_image(path: Path, options: DisplayOptions = NO_CORRECTION) -> Still:
    """Read the first picture of a file as its orientation and the options say. Raise UnreadableError."""
    still = _read_image(path, options.max_pixels)
    return replace(still, colour=_corrected(still.colour, options))


def _corrected(colour: Colour, options: DisplayOptions) -> Colour:
    """Return an upright picture with its turn and aspect; the same array without either."""
    height, width, _ = colour.shape
    shape = shape_of(width, height, SQUARE, turn_of(options), options.aspect)
    size = shape.orientation.size(shape.width, shape.height)
    if size != (width, height):
        colour = np.asarray(cv2.resize(colour, size), dtype=np.uint8)
    return shape.orientation.apply(colour)


def _read_image(path: Path, max_pixels: int) -> Still:
    check_file(path)
    header = read_header(path)
    if header is not None and (refused := too_large(header.width, header.height, max_pixels)):
        raise UnreadableError(path, refused)
    if header is not None and header.format in OF_PILLOW:
        return Still(_decode_with_pillow(path), damaged=False, left_out=_left_out(header))
    colour, damaged = _decode_with_opencv(path)
    if refused := too_large(colour.shape[1], colour.shape[0], max_pixels):  # in formats that Pillow lacks
        raise UnreadableError(path, refused)
    return Still(colour, damaged, 0 if header is None else _left_out(header))


def _left_out(header: PictureHeader) -> int:
    # The further pictures of a JPEG are smaller copies, depth maps or a second view of the same.
    return 0 if header.format == "MPO" else header.pictures - 1


def _decode_with_pillow(path: Path) -> Colour:
    try:
        with pillow().open(path, formats=OF_PILLOW) as image:
            rgb = np.asarray(image.convert("RGB"))
            # libheif has turned the pixels of HEIF already, and removed the orientation from EXIF.
            orientation = Orientation.of_exif(image.getexif().get(ORIENTATION_TAG, 1))
    except PICTURE_ERRORS as error:
        raise UnreadableError(path, "damaged or cut off") from error
    return orientation.apply(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), dtype=np.uint8))


def _decode_with_opencv(path: Path) -> tuple[Colour, bool]:
    """Return the pixels, and whether there were errors."""
    try:
        encoded = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise UnreadableError(path, (error.strerror or "cannot be read").lower()) from error
    with _standard_error() as output:
        try:
            # Not imread, which gives nothing for a turned TIFF (OpenCV 5.0).
            colour = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
        except cv2.error as error:
            raise UnreadableError(path, "the image is too large or damaged") from error
    if colour is None:
        reason = "damaged or cut off" if cv2.haveImageReader(str(path)) else "not an image"
        raise UnreadableError(path, reason)
    return np.asarray(colour, dtype=np.uint8), any(warning in output for warning in DAMAGE_WARNINGS)


def still_frame(still: Still, source: str) -> Frame:
    """Return the image as a frame; its grey is that of JPEG (ITU-R BT.601, full range)."""
    grey = reduced(np.asarray(cv2.cvtColor(still.colour, cv2.COLOR_BGR2GRAY), dtype=np.uint8))
    grey.flags.writeable = False
    return Frame(source=source, number=0, media_time=0, damaged=still.damaged, grey=grey)


def written_suffix(path: Path) -> str:
    """Return the suffix of a copy: the file's own, or that of JPEG for formats that cannot be written."""
    return path.suffix if cv2.haveImageWriter(str(path)) else ".jpg"


def write_image(path: Path, colour: Colour) -> None:
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
