"""What a worker hands to the process that reads a recording."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadTask:
    """What is to be read, and where to."""

    folder: str
    video: str
    name: str
    rate: float | None  # readings a second; None: every frame
    attempt: int
    longest: float  # seconds of the recording that are read at most
    reserve: int  # bytes of the disk that are left free
