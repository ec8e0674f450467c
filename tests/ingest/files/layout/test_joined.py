"""Damaged lengths in a container lead behind the end of the file, also farther than a file can be."""

from pathlib import Path

import pytest

from ingest.files.layout.joined import ASF_HEADER_OBJECT, EBML_ID, SEGMENT_ID, VOID_ID, part_starts

EBML_HEADER = EBML_ID + b"\x87\x42\x82\x84webm"
FAR = b"\x01" + b"\xff" * 6 + b"\xfe"  # the greatest known length of an element


@pytest.mark.parametrize(
    "data",
    [
        EBML_HEADER + SEGMENT_ID + bytes(8),
        EBML_HEADER + VOID_ID + FAR + bytes(100),
        ASF_HEADER_OBJECT + b"\xff" * 8 + bytes(100),
        b"RIFF\xff\xff\xff\xffAVI " + bytes(100),
        b"\0\0\0\x18ftypisom\0\0\0\x01mdat" + b"\xff" * 8 + bytes(100),
    ],
    ids=["no length", "far", "asf", "riff", "mp4"],
)
def test_a_damaged_length_ends_the_search(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "damaged"
    path.write_bytes(data)
    assert part_starts(path) == [0]
