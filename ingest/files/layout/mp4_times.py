"""Finds the times in the boxes of an MP4 that begin its clock (ISO/IEC 14496-12)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

from ingest.files.layout.boxes import Box, boxes, boxes_at

PLAYED = (b"vide", b"soun")  # types of tracks
NO_MEDIA = {4: 2**32 - 1, 8: 2**64 - 1}  # -1 in so many bytes: the media time of an edit without media


@dataclass(frozen=True, slots=True)
class BoxTime:
    """A time that a box holds."""

    track: int
    offset: int  # bytes of the file
    size: int  # bytes
    value: int  # ticks
    scale: int  # ticks a second

    @property
    def seconds(self) -> Fraction:
        return Fraction(self.value, self.scale)


@dataclass(frozen=True, slots=True)
class Track:
    """A track, from the index of the file."""

    number: int
    scale: int  # ticks a second
    is_played: bool
    edit: BoxTime | None  # duration of the edit without media at its beginning
    is_in_fragments: bool  # its first sample is in a fragment

    @property
    def delay(self) -> Fraction:
        """Seconds of the edit."""
        return self.edit.seconds if self.edit else Fraction(0)


class TimeReader:
    """Reads the times of an open file. All methods raise EOFError if it is cut off."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._whole = Box(b"", 0, file.seek(0, 2))

    def tracks(self) -> Iterator[Track]:
        for header in boxes_at(self._file, self._whole, b"moov", b"mvhd"):
            scale = self._behind_dates(header)
            for track in boxes_at(self._file, self._whole, b"moov", b"trak"):
                yield self._track(track, scale)

    def decode_times(self, scales: Mapping[int, int]) -> Iterator[BoxTime]:
        """Yield the time of each fragment; `scales`: ticks a second by track."""
        for fragment in boxes_at(self._file, self._whole, b"moof"):
            for part in boxes_at(self._file, fragment, b"traf"):
                for header in boxes_at(self._file, part, b"tfhd"):
                    track = self._number(header.start + 4)
                    for box in boxes_at(self._file, part, b"tfdt"):
                        yield self._time(box, 4, track, scales.get(track, 1))

    def index_times(self, scales: Mapping[int, int]) -> Iterator[BoxTime]:
        """Yield the times of the fragments' indexes."""
        for box in boxes(self._file, self._whole.start, self._whole.end):
            if box.kind == b"sidx":
                yield self._time(box, 12, self._number(box.start + 4), self._number(box.start + 8))
            elif box.kind == b"mfra":
                for table in boxes_at(self._file, box, b"tfra"):
                    yield from self._entries(table, scales)

    def _track(self, track: Box, movie_scale: int) -> Track:
        number = next(map(self._behind_dates, boxes_at(self._file, track, b"tkhd")), 0)
        kinds = [self._bytes(box.start + 8, 4) for box in boxes_at(self._file, track, b"mdia", b"hdlr")]
        samples = boxes_at(self._file, track, b"mdia", b"minf", b"stbl", b"stts")
        return Track(
            number,
            next(map(self._behind_dates, boxes_at(self._file, track, b"mdia", b"mdhd")), 1),
            any(kind in PLAYED for kind in kinds),
            self._edit(track, number, movie_scale),
            not any(self._number(box.start + 4) for box in samples),
        )

    def _edit(self, track: Box, number: int, scale: int) -> BoxTime | None:
        for edits in boxes_at(self._file, track, b"edts", b"elst"):
            if self._number(edits.start + 4):
                edit = self._time(edits, 8, number, scale)
                if self._number(edit.offset + edit.size, edit.size) == NO_MEDIA[edit.size]:
                    return edit
        return None

    def _entries(self, table: Box, scales: Mapping[int, int]) -> Iterator[BoxTime]:
        """Yield the times of a table of fragments: each entry has two times and three numbers."""
        track, lengths = self._number(table.start + 4), self._number(table.start + 8)
        numbers = sum(1 + (lengths >> shift & 3) for shift in (0, 2, 4))
        size = 2 * self._width(table) + numbers
        for number in range(self._number(table.start + 12)):
            yield self._time(table, 16 + number * size, track, scales.get(track, 1))

    def _time(self, box: Box, offset: int, track: int, scale: int) -> BoxTime:
        place, size = box.start + offset, self._width(box)
        return BoxTime(track, place, size, self._number(place, size), max(1, scale))

    def _width(self, box: Box) -> int:
        """Return the bytes of a time, by the version of the box."""
        return 8 if self._number(box.start, 1) == 1 else 4

    def _behind_dates(self, header: Box) -> int:
        """Return the number behind the two dates with which a header begins."""
        return self._number(header.start + 4 + 2 * self._width(header))

    def _number(self, offset: int, size: int = 4) -> int:
        return int.from_bytes(self._bytes(offset, size), "big")

    def _bytes(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        data = self._file.read(size)
        if len(data) < size:
            raise EOFError
        return data
