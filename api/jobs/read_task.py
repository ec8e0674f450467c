"""The task that a worker gives to the process that reads a recording."""

from dataclasses import dataclass

from ingest.picture.options import DisplayOptions, Turn


@dataclass(frozen=True, slots=True)
class ReadTask:
    """A video, the job's folder, and the limits of reading."""

    folder: str
    video: str
    name: str
    rate: float | None  # readings a second; None: every frame
    attempt: int
    max_duration: float  # seconds of the recording
    reserve: int  # bytes of the disk that stay free
    max_pixels: int  # of a picture
    turn: Turn = "0"
    aspect: str | None = None

    @property
    def display(self) -> DisplayOptions:
        return DisplayOptions(self.turn, self.aspect, max_pixels=self.max_pixels)
