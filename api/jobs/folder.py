"""The folder of one recording."""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from api.results.names import SUMMARY
from ingest.plain_name import plain_name

RECORDINGS = "recordings"  # in the data folder
REMOVED = ".removed"  # suffix of a folder that is being deleted


@dataclass(frozen=True, slots=True)
class JobFolder:
    """`data/recordings/{id}`."""

    path: Path

    @property
    def video(self) -> Path:
        """The uploaded file."""
        return self.path / "video"

    @property
    def parts(self) -> Path:
        """The event log and its checkpoints: api.jobs.event_log, api.jobs.checkpoint."""
        return self.path / "parts"

    @property
    def results(self) -> Path:
        """The result files; the folder appears when all are complete."""
        return self.path / "results"

    def attempt_results(self, attempt: int) -> Path:
        """The folder into which an attempt writes its results."""
        return self.path / f"results.{attempt}"

    def publish(self, attempt: int) -> None:
        """Make an attempt's results those of the job if they are complete; all attempts write the same."""
        complete = (self.attempt_results(attempt) / SUMMARY).is_file()
        if complete and not self.results.is_dir():
            self.attempt_results(attempt).rename(self.results)
        for leftover in self.path.glob("results.*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def remove(self) -> None:
        """Delete the folder; it is renamed first, so that a process that still writes finds it gone."""
        removed = self.path.with_name(f".{self.path.name}{REMOVED}")
        try:
            self.path.rename(removed)
        except FileNotFoundError:
            return
        delete_tree(removed)


def delete_tree(folder: Path) -> None:
    """Delete a folder, also while another process deletes it."""
    while folder.exists():
        with suppress(FileNotFoundError):
            shutil.rmtree(folder)


def job_folder(data: Path, id: str) -> JobFolder:
    return JobFolder(data / RECORDINGS / plain_name(id))


def media_file(media: Path, path: str) -> Path | None:
    """The file at a path below the media folder, links resolved; None where there is none."""
    root = media.resolve()
    try:
        file = (root / path).resolve()
        return file if file.is_relative_to(root) and file.is_file() else None
    except (OSError, ValueError):  # a name that is too long, or has a zero byte
        return None
