"""Finds the index of MP4 and MOV files."""

from pathlib import Path

from ingest.files.layout.boxes import LONG_HEADER


def lacks_index(path: Path, position: int = 0) -> bool:
    """Return whether an MP4 or MOV file begins at a byte and has no whole `moov` box.

    See ISO/IEC 14496-12, 4.2.
    """
    size = path.stat().st_size
    known = False
    with path.open("rb") as file:
        while position < size:
            file.seek(position)
            header = file.read(LONG_HEADER)
            kind, length = header[4:8], int.from_bytes(header[:4], "big")
            if length == 1:
                length = int.from_bytes(header[8:16], "big")
            known = known or kind == b"ftyp"
            if not known or (kind == b"moov" and position + length <= size):
                return False
            if length < 8:
                return True
            position += length
    return known
