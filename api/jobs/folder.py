"""The folder of one recording: where what lies."""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from api.results.names import SUMMARY

RECORDINGS = "recordings"  # in the data folder
REMOVED = ".removed"  # the name's end of what is being deleted


@dataclass(frozen=True, slots=True)
class JobFolder:
    """`data/recordings/{id}`."""

    path: Path

    @property
    def video(self) -> Path:
        """What was uploaded."""
        return self.path / "video"

    @property
    def parts(self) -> Path:
        """What was read so far: api.jobs.event_log."""
        return self.path / "parts"

    @property
    def results(self) -> Path:
        """The files of a job that is over; there once they are whole."""
        return self.path / "results"

    def unfinished(self, attempt: int) -> Path:
        """Where an attempt writes the results."""
        return self.path / f"results.{attempt}"

    def publish(self, attempt: int) -> None:
        """Makes an attempt's results the job's if they are whole; those of all attempts are alike."""
        whole = (self.unfinished(attempt) / SUMMARY).is_file()
        if whole and not self.results.is_dir():
            self.unfinished(attempt).rename(self.results)
        for left in self.path.glob("results.*"):
            shutil.rmtree(left, ignore_errors=True)

    def remove(self) -> None:
        """Deletes everything. It vanishes at once, so that nobody who still writes gets in between."""
        gone = self.path.with_name(f".{self.path.name}{REMOVED}")
        try:
            self.path.rename(gone)
        except FileNotFoundError:
            return
        erase(gone)


def erase(folder: Path) -> None:
    """Deletes a folder, also while somebody else is at it."""
    while folder.exists():
        with suppress(FileNotFoundError):
            shutil.rmtree(folder)


def job_folder(data: Path, id: str) -> JobFolder:
    return JobFolder(data / RECORDINGS / id)


def media_file(media: Path, path: str) -> Path | None:
    """The file below the media folder that a path means, links resolved; None where there is none."""
    root = media.resolve()
    try:
        found = (root / path).resolve()
        return found if found.is_relative_to(root) and found.is_file() else None
    except (OSError, ValueError):  # a name longer than names can be, or with a zero byte
        return None
