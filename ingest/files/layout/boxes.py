"""Finds the boxes of ISO base media files: MP4, QuickTime, HEIF (ISO/IEC 14496-12, 4.2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

HEADER = 8  # bytes: a size and a type
LONG_HEADER = 16  # bytes; the size of a box beyond 4 GiB follows the type


@dataclass(frozen=True, slots=True)
class Box:
    """The place of a box's content, in bytes of the file."""

    kind: bytes
    start: int
    end: int


def boxes(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes between two places, up to the first damaged one."""
    while start + HEADER <= end:
        file.seek(start)
        header = file.read(LONG_HEADER)
        size, length = int.from_bytes(header[:4], "big"), HEADER
        if size == 1:
            size, length = int.from_bytes(header[8:], "big"), LONG_HEADER
        elif size == 0:  # up to the end
            size = end - start
        if size < length:
            return
        yield Box(header[4:8], start + length, min(start + size, end))
        start += size


def boxes_at(file: BinaryIO, parent: Box, *path: bytes) -> Iterator[Box]:
    """Yield the boxes at a path of types below a box."""
    for box in boxes(file, parent.start, parent.end):
        if box.kind == path[0]:
            yield from boxes_at(file, box, *path[1:]) if path[1:] else (box,)
