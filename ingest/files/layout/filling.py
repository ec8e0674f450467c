"""Bytes of a file that no packet came from: filling of its format, or data that were overwritten.

Demuxers skip data that they cannot read, and say nothing. Filling has the format's own shape: transport
packets in step up to the next packet, or chunks that end where it begins.
"""

from pathlib import Path
from typing import BinaryIO

MAX_OVERHEAD = 16 * 1024  # bytes of headers and padding between two packets; below 4 KiB in all files tried
MAX_OGG_PAGE = 65_307  # bytes (RFC 3533, 6)
MAX_FILLING = 64 * 1024 * 1024  # bytes that are looked at; a guess
SYNC = 0x47
TRANSPORT_PACKETS = ((188, 0), (192, 4))  # bytes, and the place of SYNC (ISO/IEC 13818-1, 2.4.3.2; BDAV)
LISTS = (b"RIFF", b"LIST")  # chunks that have chunks after four bytes (RIFF, by Microsoft and IBM, 1991)


class FillingCheck:
    """Looks at what lies between the packets of one file, in the order in which they come."""

    def __init__(self, file: Path | None, format_name: str, offset: int = 0) -> None:
        """Take FFmpeg's name of the format, and the byte at which its file begins.

        `file`: None if it is not on this machine. MP4 has an index: its gaps say nothing.
        """
        self._file = file
        self._offset = offset
        self._format = format_name
        self._end = 0  # byte behind the packets so far
        self._pages: dict[
            int, tuple[int, int]
        ] = {}  # of each stream: first byte of a page, end of its packets

    def lost_before(self, stream: int, start: int | None, size: int) -> bool:
        """Return True if data between the packets so far and this one, from byte `start` on, were lost."""
        if start is None or start < 0 or "mov" in self._format:
            return False
        # Packets of one page of Ogg share its position (findings/ogg_packets_share_position_of_page.sh).
        page, end = self._pages.get(stream, (-1, 0))
        end = (end if page == start else start) + size
        self._pages[stream] = (start, end)
        lost = 0 < self._end < start - self._overhead() and not self._is_filling(self._end, start)
        self._end = max(self._end, end)
        return lost

    def _overhead(self) -> int:
        return MAX_OVERHEAD + (MAX_OGG_PAGE if self._format == "ogg" else 0)

    def _is_filling(self, start: int, end: int) -> bool:
        if self._file is None or end - start > MAX_FILLING or self._format not in ("mpegts", "avi"):
            return False
        start, end = start + self._offset, end + self._offset
        try:
            with self._file.open("rb") as file:
                if self._format == "avi":
                    return chunks_lead(file, start + start % 2, end)
                file.seek(start)
                data = file.read(end - start)
                return any(in_step(data, size, sync) for size, sync in TRANSPORT_PACKETS)
        except OSError:
            return False


def in_step(data: bytes, size: int, sync: int) -> bool:
    """Return True if `data` is the end of a chain of transport packets of `size` bytes."""
    first = len(data) % size + sync
    return set(data[first::size]) <= {SYNC}


def chunks_lead(file: BinaryIO, start: int, end: int) -> bool:
    """Return True if the chunks from byte `start` on end exactly at `end`."""
    while start < end:
        file.seek(start)
        head = file.read(8)
        name, size = head[:4], int.from_bytes(head[4:], "little")
        if len(head) < 8 or not name.decode("latin-1").isprintable():
            return False
        start += 12 if name in LISTS else 8 + size + size % 2
    return start == end
