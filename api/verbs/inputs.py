"""Inputs of the command line as pieces of work: each with the folder that its results go into."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from api.results.names import printable

PICTURES = frozenset((".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"))
# Which files of a folder are tried as video; a file that is named itself is always tried.
VIDEOS = frozenset(
    (".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv")
)


@dataclass(frozen=True, slots=True)
class Work:
    """One video, one picture, or the pictures of a folder."""

    given: Path  # as the command line names it; of a folder's video the file
    name: str  # of the file or folder, fit for printing
    folder: str  # where the results go, below the output folder
    paths: tuple[Path, ...]  # none: a folder with nothing to read in it
    pictures: bool


def works(inputs: Iterable[Path]) -> list[Work]:
    """In the order given; folders that share a name get the suffix, then a number, so that none is shared."""
    found = [work for path in inputs for work in _works(path)]
    stems = Counter(work.folder for work in found)
    taken: set[str] = set()
    named = []
    for work in found:
        wanted = work.folder if stems[work.folder] == 1 else work.name
        folder, number = wanted, 2
        while folder in taken:
            folder, number = f"{wanted}-{number}", number + 1
        taken.add(folder)
        named.append(replace(work, folder=folder))
    return named


def _works(path: Path) -> Iterator[Work]:
    try:
        files = _files(path)
    except PermissionError:
        files = None
    if files is None:
        yield Work(path, printable(path.name), _folder(path), (path,), path.suffix.lower() in PICTURES)
        return
    pictures = tuple(file for file in files if file.suffix.lower() in PICTURES)
    videos = [file for file in files if file.suffix.lower() in VIDEOS]
    if pictures or not videos:
        name = printable(path.resolve().name) or "pictures"
        yield Work(path, name, name, pictures, True)
    for video in videos:
        yield Work(video, printable(video.name), _folder(video), (video,), False)


def _files(path: Path) -> list[Path] | None:
    """The files of a folder by name, hidden ones left out; None where it is no folder."""
    if not path.is_dir():
        return None
    return sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))


def _folder(path: Path) -> str:
    return printable(path.stem) or "input"
