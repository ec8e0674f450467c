"""Resuming in the middle of a recording: the state that it needs, and the check of the seek.

A decoder that starts at a key frame may give other frames than one that never stopped: open groups of
pictures, edit lists, wrong indexes, and containers that only estimate a position. So a seek is trusted only
after the last frames that were read before have come again, bit for bit.
"""

import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from ingest.frame import Frame


class SeekUntrustedError(Exception):
    """A seek led to other frames than before: only reading from the start gives the same ones."""


@dataclass(frozen=True, slots=True)
class DecoderState:
    """The state of a recording's decoder after one of the picked frames."""

    number: int  # of the frame
    media_time: int  # ns
    decoded: int  # frames so far, picked or not
    pictures: int  # so far, with those that were left out
    end: int  # ns; the end of the frame
    others_end: int  # ns; the end of the sound so far
    intervals: list[int]  # ns; the last ones between frames
    first: int | None  # ns; the first key picture on the file's clock
    seams: int  # places where that clock started again or jumped
    position: int | None  # bytes; of the packet of the frame
    width: int  # pixels, of the upright recording
    height: int
    damage: dict[str, Any]  # DamageLog.state
    view: int = 0  # of the frame
    shape: str | None = None  # of its picture; None in checkpoints of older versions
    held: int | None = None  # of AviTimes


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """A decoder's state, and checksums of the last frames."""

    state: DecoderState
    checksums: dict[int, int]  # CRC-32 of grey images by media time in ns, up to the state's frame

    def to_json(self) -> dict[str, Any]:
        return {"mark": asdict(self.state), "seen": list(self.checksums.items())}


def resume_point(state: DecoderState, frames: Iterable[Frame]) -> ResumePoint:
    """Return the point after `state`; `frames`: the last picked frames, up to that of the state."""
    return ResumePoint(state, {frame.media_time: zlib.crc32(frame.grey.data) for frame in frames})


def decode_resume_point(fields: dict[str, Any]) -> ResumePoint:
    """Read the result of `ResumePoint.to_json`. Raise KeyError, TypeError or ValueError for anything else."""
    checksums = {int(media_time): int(value) for media_time, value in fields["seen"]}
    return ResumePoint(DecoderState(**fields["mark"]), checksums)


class SeekVerifier:
    """Compares the frames after a seek with those before it."""

    def __init__(self, point: ResumePoint) -> None:
        self.until = point.state.media_time  # ns; everything up to here was read before
        self._missing = dict(point.checksums)
        self._position = point.state.position

    def expects(self, media_time: int) -> bool:
        return media_time in self._missing

    def verify(self, media_time: int, grey: Any) -> None:
        """Raise SeekUntrustedError if the frame differs."""
        if zlib.crc32(grey) != self._missing.pop(media_time):
            raise SeekUntrustedError(f"a different frame at {media_time} ns")

    def finish(self, position: int | None) -> None:
        """Raise SeekUntrustedError if a frame did not come again, or the last one from another `position`.

        A file may have the same recording twice.
        """
        if self._missing:
            raise SeekUntrustedError(f"{len(self._missing)} frames did not come again")
        if position != self._position:
            raise SeekUntrustedError(f"the last frame came from byte {position} instead of {self._position}")
