"""Finds the padding that recorders add behind a recording."""

import re
from pathlib import Path

from ingest.files.layout.filling import MAX_OVERHEAD

BLOCK = 188 * 4096  # bytes that are read at once

FILLERS = (b"\0", b"\xff")
TS_PACKET, LARGEST_TS_PACKET = 188, 192  # bytes; the content of the last one may look like padding
NULL_PACKET = b"\x47\x1f\xff"  # the start of a packet of stuffing (ISO/IEC 13818-1, 2.4.3.3)

# Containers in which FFmpeg searches padding for packets: transport streams, program streams, FLV.
STREAM = re.compile(rb"\x47|.{4}\x47|\0\0\x01\xba|FLV", re.DOTALL)


def padded_from(path: Path) -> int | None:
    """Return the byte at which much padding of a stream begins, or None."""
    with path.open("rb") as file:
        is_stream = STREAM.match(file.read(5))
    end = content_end(path, 0) if is_stream else 0
    return end + LARGEST_TS_PACKET if 0 < end < path.stat().st_size - MAX_OVERHEAD else None


def content_end(path: Path, start: int) -> int:
    """Return the byte behind which a file has only zeros, only ones or null packets; at least `start`."""
    end = path.stat().st_size
    with path.open("rb") as file:
        while end > start:
            file.seek(max(start, end - BLOCK))
            block = file.read(end - file.tell())
            left = len(_without_padding(block))
            end -= len(block) - left
            if left:
                return end
    return start


def _without_padding(block: bytes) -> bytes:
    end = len(block)
    while block.startswith(NULL_PACKET, end - TS_PACKET) and end >= TS_PACKET:
        end -= TS_PACKET
    return block[:end].rstrip(block[-1:]) if block[-1:] in FILLERS and end == len(block) else block[:end]
