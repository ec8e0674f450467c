"""Identifies picture files by their content: stills, and animations, which are read as videos."""

from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from types import ModuleType

from ingest.containers import PICTURE_SUFFIXES
from ingest.files.layout.boxes import boxes

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF")  # as Pillow calls them

# The first bytes of these formats, or the four bytes at 8: RIFF's kind, the major brand (ISO/IEC 23008-12).
SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II", b"MM")
KINDS = frozenset(b"WEBP heic heix heim heis hevc hevx hevm hevs mif1 msf1 avif avis".split())

# Formats whose further pictures are pages or views instead of an animation. Phones write MPO: a JPEG with a
# smaller copy, a depth map or a second view behind it.
PAGED = frozenset(("JPEG", "MPO", "TIFF", "HEIF"))

# Motion JPEG is one JPEG after the other: the end of an image, then a start (ITU-T T.81, B.1.1.3).
NEXT_JPEG = b"\xff\xd9\xff\xd8"
LARGEST_JPEG = 16 * 1024**2  # bytes; the first image of Motion JPEG ends earlier

MAX_BOXES = 64  # that are looked at

# Pillow and its plugins raise these for damaged files.
PICTURE_ERRORS = (OSError, ValueError, SyntaxError, EOFError, RuntimeError, MemoryError)


@dataclass(frozen=True, slots=True)
class PictureHeader:
    """The properties of a picture file that are known before its pixels are decoded."""

    format: str  # Pillow's name
    media_type: str
    width: int  # pixels, as stored
    height: int
    pictures: int  # in the file

    @property
    def animated(self) -> bool:
        return self.pictures > 1 and self.format not in PAGED

    @property
    def animated_webp(self) -> bool:
        return self.animated and self.format == "WEBP"


def read_header(path: Path) -> PictureHeader | None:
    """Return the header of a picture; None for a video, and for what Pillow cannot read."""
    if not _begins_as_picture(path):
        return None
    images = pillow()
    with suppress(*PICTURE_ERRORS), images.open(path, formats=FORMATS) as image:
        name = image.format or ""
        if (name == "JPEG" and _is_motion_jpeg(path)) or (name == "HEIF" and has_tracks(path)):
            return None
        width, height = image.size
        media_type = images.MIME.get(name, "image/jpeg")
        return PictureHeader(name, media_type, width, height, getattr(image, "n_frames", 1))
    return None


@cache
def pillow() -> ModuleType:
    """Return PIL.Image with HEIF. It loads in 70 ms, which a video need not wait for."""
    import pi_heif
    from PIL import Image

    pi_heif.register_heif_opener()
    Image.MAX_IMAGE_PIXELS = None  # phones take 200 megapixels; callers have limits of their own
    return Image


def is_still(path: Path) -> bool:
    """Return whether a file is a still picture: by its content, or if that is damaged by its suffix."""
    header = read_header(path)
    if header is not None:
        return not header.animated
    return path.suffix.lower() in PICTURE_SUFFIXES and not has_tracks(path) and not _is_motion_jpeg(path)


def has_tracks(path: Path) -> bool:
    """Return whether an MP4, HEIF or AVIF file has tracks: a movie, or a sequence of pictures."""
    with suppress(OSError), path.open("rb") as file:
        kinds = [box.kind for box in islice(boxes(file, 0, path.stat().st_size), MAX_BOXES)]
        return kinds[:1] == [b"ftyp"] and b"moov" in kinds
    return False


def _begins_as_picture(path: Path) -> bool:
    with suppress(OSError), path.open("rb") as file:
        start = file.read(12)
        return start.startswith(SIGNATURES) or start[8:] in KINDS
    return False


def _is_motion_jpeg(path: Path) -> bool:
    with suppress(OSError), path.open("rb") as file:
        start = file.read(LARGEST_JPEG)
        return start.startswith(b"\xff\xd8") and NEXT_JPEG in start
    return False
