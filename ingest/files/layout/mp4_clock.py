"""Begins the clock of an MP4 at 0 if it begins late, by other values in its boxes.

Recorders cut a stream into files whose clock goes on. Browsers take the duration of such a file for its end,
and seek no further (findings/chromium_cuts_seeks_in_mp4_that_begins_late.sh). The values are replaced in
place, so no byte of the file moves.
"""

from bisect import bisect_left
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from operator import attrgetter
from pathlib import Path

from ingest.files.layout.mp4_times import BoxTime, TimeReader, Track

LARGEST_TIME = 8  # bytes


@dataclass(frozen=True, slots=True)
class Patch:
    """Bytes that replace those of a file."""

    offset: int
    data: bytes


_place = attrgetter("offset")


def late_start(path: Path) -> float:
    """Return the seconds by which the clock of an MP4 begins late; 0 for other files. Raise OSError."""
    with path.open("rb") as file, suppress(EOFError):
        reader = TimeReader(file)
        return float(_start(reader, list(reader.tracks())))
    return 0.0


def fragments_start(path: Path) -> float:
    """Return the seconds before the first fragment of an MP4; 0 without fragments. Raise OSError."""
    with path.open("rb") as file, suppress(EOFError):
        reader = TimeReader(file)
        return float(min(_first_fragments(reader, list(reader.tracks())).values(), default=0))
    return 0.0


def clock_patches(path: Path) -> tuple[Patch, ...]:
    """Return what to replace so that the clock begins at 0, in order of place. Raise OSError."""
    with path.open("rb") as file, suppress(EOFError):
        reader = TimeReader(file)
        tracks = list(reader.tracks())
        start = _start(reader, tracks)
        patches = [*_patches(reader, tracks, start)] if start else []
        return tuple(sorted(patches, key=_place))
    return ()


def patched(data: bytes, offset: int, patches: tuple[Patch, ...]) -> bytes:
    """Return the bytes at an offset of a file with its patches."""
    copy, end = bytearray(data), offset + len(data)
    first = bisect_left(patches, offset - LARGEST_TIME, key=_place)
    for patch in patches[first : bisect_left(patches, end, key=_place)]:
        for place, byte in enumerate(patch.data, patch.offset):
            if offset <= place < end:
                copy[place - offset] = byte
    return bytes(copy)


def _start(reader: TimeReader, tracks: list[Track]) -> Fraction:
    """Return the seconds at which the first track begins that is played."""
    first = _first_fragments(reader, tracks)
    starts = [
        track.delay + first.get(track.number, 0)
        for track in tracks
        if track.is_played and (track.number in first or not track.is_in_fragments)
    ]
    return min(starts, default=Fraction(0))


def _first_fragments(reader: TimeReader, tracks: list[Track]) -> dict[int, Fraction]:
    """Return the seconds of the first fragment of each track that is played and in fragments, by track."""
    scales = {track.number: track.scale for track in tracks if track.is_played and track.is_in_fragments}
    first: dict[int, Fraction] = {}
    for time in reader.decode_times(scales) if scales else ():
        if time.track in scales:
            first.setdefault(time.track, time.seconds)
        if len(first) == len(scales):
            break
    return first


def _patches(reader: TimeReader, tracks: list[Track], start: Fraction) -> Iterator[Patch]:
    scales = {track.number: track.scale for track in tracks}
    rest = {track.number: max(Fraction(0), start - track.delay) for track in tracks if track.is_in_fragments}
    for track in tracks:
        if track.edit is not None:
            yield _earlier(track.edit, start)
    for times in (reader.decode_times(scales), reader.index_times(scales)):
        for time in times:
            yield _earlier(time, rest.get(time.track, Fraction(0)))


def _earlier(time: BoxTime, seconds: Fraction) -> Patch:
    value = max(0, time.value - floor(seconds * time.scale))
    return Patch(time.offset, value.to_bytes(time.size, "big"))
