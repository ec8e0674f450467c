"""The inputs of `mien run`: files and folders of the command line, each with its folder of results."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from api.results.names import printable

PICTURES = frozenset((".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"))
# Suffixes of the files of a folder that are read as video; a file that is named itself is always read.
VIDEOS = frozenset(
    (".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv")
)


@dataclass(frozen=True, slots=True)
class Input:
    """One video, one picture, or the pictures of a folder."""

    path: Path  # of the command line; for the videos of a folder the file
    name: str  # of the file or folder, printable
    folder: str  # of the results, below the output folder
    files: tuple[Path, ...]  # none for a folder without videos and pictures
    stills: bool


def find_inputs(paths: Iterable[Path]) -> list[Input]:
    """The inputs in the order given, each with a folder of its own.

    Inputs that would share a folder get the file's suffix in its name, and then a number.
    """
    inputs = [each for path in paths for each in _inputs(path)]
    folders = Counter(each.folder for each in inputs)
    used: set[str] = set()
    named = []
    for each in inputs:
        name = each.folder if folders[each.folder] == 1 else each.name
        folder, number = name, 2
        while folder in used:
            folder, number = f"{name}-{number}", number + 1
        used.add(folder)
        named.append(replace(each, folder=folder))
    return named


def _inputs(path: Path) -> Iterator[Input]:
    try:
        files = _files(path)
    except PermissionError:
        files = None
    if files is None:
        yield Input(path, printable(path.name), _folder(path), (path,), path.suffix.lower() in PICTURES)
        return
    pictures = tuple(file for file in files if file.suffix.lower() in PICTURES)
    videos = [file for file in files if file.suffix.lower() in VIDEOS]
    if pictures or not videos:
        name = printable(path.resolve().name) or "pictures"
        yield Input(path, name, name, pictures, True)
    for video in videos:
        yield Input(video, printable(video.name), _folder(video), (video,), False)


def _files(path: Path) -> list[Path] | None:
    """The files of a folder by name, without hidden ones; None for a path that is no folder."""
    if not path.is_dir():
        return None
    return sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))


def _folder(path: Path) -> str:
    return printable(path.stem) or "input"
