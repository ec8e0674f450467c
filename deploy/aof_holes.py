"""Takes zeros out of the append-only file of the service's own Redis, where a full disk left them.

Valkey (9.1.2) takes back what it could not write whole, but not its place in the file: what it writes when
there is room again lies behind a hole of zeros. Nothing is lost, but no server loads such a file.
"""

import mmap
import os
import re
from collections.abc import Iterator
from pathlib import Path

FILES = "appendonlydir/*.incr.aof"
MENDED = ".mended"  # suffix of a file that is being written

# Commands are arrays of strings (RESP, the protocol of Redis); annotations begin with "#".
ARRAY, LENGTH, END = re.compile(rb"\*(\d+)\r\n"), re.compile(rb"\$(\d+)\r\n"), b"\r\n"
ANNOTATION, HOLE = re.compile(rb"#[^\r\n]*\r\n"), re.compile(rb"\0+")


def remove_holes(folder: Path) -> str | None:
    """Take the holes out of the files of a server that does not run; return what was done, if anything."""
    removed = 0
    try:
        for file in sorted(folder.glob(FILES)):
            removed += _remove_holes(file)
    except OSError as error:
        return f"its append-only file cannot be mended: {error}"
    return f"{removed} zeros, which a full disk left, were taken out of its file" if removed else None


def _remove_holes(file: Path) -> int:
    """Return the number of bytes that were removed."""
    size = file.stat().st_size
    if not size:
        return 0
    mended = file.with_name(file.name + MENDED)
    with file.open("rb") as source, mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as data:
        parts = list(parts_between_holes(data))
        if len(parts) == 1:
            return 0
        with mended.open("wb") as target:
            for start, end in parts:
                target.write(data[start:end])
            target.flush()
            os.fsync(target.fileno())
    mended.replace(file)
    return size - sum(end - start for start, end in parts)


def parts_between_holes(data: bytes | mmap.mmap) -> Iterator[tuple[int, int]]:
    """Yield first byte and end of each part of an append-only file; between two parts are zeros.

    A part ends only between commands. Damage of another kind ends the search: it stays in the last part.
    """
    start = position = 0
    while position < len(data):
        end = _end_of_command(data, position)
        if end is None:
            hole = HOLE.match(data, position)
            if hole is None:
                break
            yield start, position
            start = end = hole.end()
        position = end
    yield start, len(data)


def _end_of_command(data: bytes | mmap.mmap, start: int) -> int | None:
    """Return the byte behind the command or annotation that begins at `start`; None where none is whole."""
    if annotation := ANNOTATION.match(data, start):
        return annotation.end()
    array = ARRAY.match(data, start)
    if array is None:
        return None
    end = array.end()
    for _ in range(int(array[1])):
        length = LENGTH.match(data, end)
        if length is None:
            return None
        end = length.end() + int(length[1]) + len(END)
        if data[end - len(END) : end] != END:
            return None
    return end
