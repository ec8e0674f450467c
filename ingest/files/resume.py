"""Going on in the middle of a recording: what must be known for it, and how a seek proves itself.

Whether a decoder that starts at a key frame gives the very pictures that an unbroken one gives depends on the
file: open groups of pictures, edit lists, indexes that lie, containers that only guess at a place. So a seek
is believed only once the pictures that were read last came out of it again, bit for bit.
"""

import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from ingest.files.damage import DamageLog
from ingest.frame import Frame


class SeekUntrustedError(Exception):
    """After a seek other pictures came than before it: only reading from the start gives the same ones."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Where the reading of a recording stood when it gave one of its frames."""

    number: int  # of the frame
    media_time: int  # ns
    decoded: int  # pictures shown so far
    end: int  # ns; where the picture ends
    width: int  # pixels, as a player shows the recording
    height: int
    damage: dict[str, Any]  # DamageLog.state

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Resume:
    """A mark, and what the pictures just before it looked like."""

    mark: Mark
    seen: dict[int, int]  # media time in ns to the checksum of the grey picture; the last is the mark's

    def to_json(self) -> dict[str, Any]:
        return {"mark": self.mark.to_json(), "seen": list(self.seen.items())}


def resume_from(mark: Mark, frames: Iterable[Frame]) -> Resume:
    """What to keep of the frames up to the mark's."""
    return Resume(mark, {frame.media_time: checksum(frame.grey) for frame in frames})


def decode_resume(fields: dict[str, Any]) -> Resume:
    """Raises KeyError, TypeError or ValueError for what `to_json` did not give."""
    return Resume(Mark(**fields["mark"]), {int(time): int(sum_) for time, sum_ in fields["seen"]})


def checksum(grey: Any) -> int:
    """Of a contiguous plane."""
    return zlib.crc32(grey)


class Proof:
    """Watches the pictures that come out again after a seek."""

    def __init__(self, resume: Resume) -> None:
        self.until = resume.mark.media_time  # ns; up to here everything was read before
        self._missing = dict(resume.seen)

    def wants(self, media_time: int) -> bool:
        return media_time in self._missing

    def see(self, media_time: int, grey: Any) -> None:
        """Raises SeekUntrustedError where the picture is another one than before."""
        if checksum(grey) != self._missing.pop(media_time):
            raise SeekUntrustedError(f"another picture at {media_time} ns")

    def conclude(self) -> None:
        """Raises SeekUntrustedError unless all pictures came again."""
        if self._missing:
            raise SeekUntrustedError(f"{len(self._missing)} pictures did not come again")


def damage_at(mark: Mark) -> DamageLog:
    return DamageLog.restored(mark.damage)
