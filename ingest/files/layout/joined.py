"""Finds where each part of a joined recording begins, by the structure of its container.

FFmpeg reads the first part of most of them, with the index or the headers of the first part. Transport and
program streams (TS, VOB), GIF and streams without a container need nothing of this: FFmpeg reads all of them.
See findings/ffmpeg_ends_flv_at_inner_header.sh and findings/ffmpeg_stops_clock_of_joined_mxf.sh.
"""

import os
import re
from collections.abc import Callable, Iterator
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO, TypeAlias

from ingest.files.layout.boxes import boxes

Starts: TypeAlias = Iterator[int]  # bytes; of all parts behind the first

BLOCK = 4 * 1024**2  # bytes that are searched at once
HEADER = 64  # bytes at the start of a file that tell its container

# Containers without lengths for their parts are searched for the bytes with which a file of them begins.
FLV = re.compile(rb"FLV\x01[\x01\x04\x05]\0\0\0\x09\0{4}")  # Adobe Flash Video 10.1, E.2
IVF = re.compile(rb"DKIF\0\0\x20\0")
NUT = re.compile(rb"nut/multimedia container\0")
PNG = re.compile(rb"\x89PNG\r\n\x1a\n")
EBML = re.compile(rb"\x1a\x45\xdf\xa3.{0,40}\x42\x82.(?:webm|matroska)", re.DOTALL)  # RFC 8794, 11.2.1
MXF = re.compile(rb"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02")  # SMPTE ST 377-1, 7.1
FIRST_PAGE = re.compile(rb"OggS\0\x02")  # of a logical bitstream (RFC 3533)

EBML_ID, SEGMENT_ID, VOID_ID = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67", b"\xec"
MAX_LENGTH_SIZE = 8  # bytes
RIFF_HEADER = 12  # bytes
ASF_HEADER_OBJECT = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
ASF_OBJECT = 24  # bytes; its identifier and its length


def part_starts(path: Path) -> list[int]:
    """Return the byte at which each part begins; of a file that was not joined only 0."""
    with path.open("rb") as file:
        header = file.read(HEADER)
        for is_known, starts in CONTAINERS:
            if is_known(header):
                return [0, *starts(file)]
    return [0]


def _in_boxes(file: BinaryIO) -> Starts:
    """Find `ftyp` boxes behind the index of the part before."""
    indexed, begins = False, 0
    for box in boxes(file, 0, file.seek(0, SEEK_END)):
        if box.kind == b"ftyp" and indexed:
            yield begins
        indexed = box.kind != b"ftyp" and (indexed or box.kind == b"moov")
        begins = box.end


def _in_matroska(file: BinaryIO) -> Starts:
    """Find EBML headers between segments, or if a segment has no length anywhere behind its start."""
    position, in_first = 0, True
    while (element := _element(file, position)) is not None:
        kind, end = element
        if kind == EBML_ID and not in_first:
            yield position
        in_first = in_first and kind != SEGMENT_ID
        if end is None:
            yield from _matching(EBML, file, position)
            return
        position = end


def _element(file: BinaryIO, position: int) -> tuple[bytes, int | None] | None:
    """Return the kind and the end of a top-level element; no end if it has no length; None for others."""
    header = _at(file, position, 12)
    kind = next((each for each in (EBML_ID, SEGMENT_ID, VOID_ID) if header.startswith(each)), None)
    if kind is None or len(header) <= len(kind):
        return None
    first = header[len(kind)]
    size = 9 - first.bit_length()  # bytes of the length (RFC 8794, 4)
    if size > MAX_LENGTH_SIZE:
        return None
    mask = (1 << 7 * size) - 1
    length = int.from_bytes(header[len(kind) : len(kind) + size], "big") & mask
    return kind, None if length == mask else position + len(kind) + size + length


def _in_riff(file: BinaryIO) -> Starts:
    """Find AVI headers in the chain of chunks; a long AVI goes on in chunks named AVIX (OpenDML)."""
    position = 0
    while len(header := _at(file, position, RIFF_HEADER)) == RIFF_HEADER:
        length = int.from_bytes(header[4:8], "little")
        if header[:4] not in (b"RIFF", b"JUNK") or length < 4:
            return
        if position and _is_avi(header):
            yield position
        position += 8 + length + length % 2


def _in_asf(file: BinaryIO) -> Starts:
    position = 0
    while len(header := _at(file, position, ASF_OBJECT)) == ASF_OBJECT:
        length = int.from_bytes(header[16:], "little")
        if length < ASF_OBJECT:
            return
        if position and header.startswith(ASF_HEADER_OBJECT):
            yield position
        position += length


def _in_ogg(file: BinaryIO) -> Starts:
    """Find first pages behind other pages: a part may begin with several, one for each of its streams."""
    follows = 0
    for position in _matching(FIRST_PAGE, file, -1):
        if position != follows:
            yield position
        page = _at(file, position, 27 + 255)
        segments = page[26] if len(page) > 26 else 0
        follows = position + 27 + segments + sum(page[27 : 27 + segments])


def _at(file: BinaryIO, position: int, size: int) -> bytes:
    """Return bytes of the file; none behind its end, where a damaged length may lead too far to seek."""
    if position >= os.fstat(file.fileno()).st_size:
        return b""
    file.seek(position)
    return file.read(size)


def _matching(pattern: re.Pattern[bytes], file: BinaryIO, behind: int) -> Starts:
    """Search the file behind a position; no match is longer than HEADER."""
    position = behind + 1
    while len(block := _at(file, position, BLOCK + HEADER)) > 0:
        for match in pattern.finditer(block):
            if match.start() < BLOCK:
                yield position + match.start()
        position += BLOCK


def _search(pattern: re.Pattern[bytes]) -> Callable[[BinaryIO], Starts]:
    return lambda file: _matching(pattern, file, 0)


def _is_avi(header: bytes) -> bool:
    return header.startswith(b"RIFF") and header[8:12] == b"AVI "


CONTAINERS: list[tuple[Callable[[bytes], object], Callable[[BinaryIO], Starts]]] = [
    (lambda header: header[4:8] == b"ftyp", _in_boxes),
    (EBML.match, _in_matroska),
    (_is_avi, _in_riff),
    (lambda header: header.startswith(ASF_HEADER_OBJECT), _in_asf),
    (FIRST_PAGE.match, _in_ogg),
    *((pattern.match, _search(pattern)) for pattern in (FLV, IVF, MXF, NUT, PNG)),
]
