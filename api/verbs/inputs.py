"""The inputs of `mien run`: files and folders of the command line, each with its folder of results."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.containers import PICTURE_SUFFIXES, VIDEO_SUFFIXES
from ingest.files.pictures import is_still
from ingest.network.source_types import NETWORK_TYPES, WEBCAM
from ingest.plain_name import plain_name, unused_name
from ingest.printable import printable

# Also schemes that no source may have: the answer for them is the same.
LIVE_SCHEMES = frozenset((*NETWORK_TYPES, "rtmp", "rtmps", "srt", "udp", "rtp"))

UNNAMED = "input"  # the folder of an input whose name has nothing to make one of, such as `...mkv`


@dataclass(frozen=True, slots=True)
class Input:
    """One video, one picture, or the pictures of a folder."""

    path: Path  # of the command line; for the videos of a folder the file
    name: str  # of the file or folder, printable
    folder: str  # of the results, below the output folder
    files: tuple[Path, ...]  # none for a folder without videos and pictures
    stills: bool


def is_live(text: str) -> bool:
    """Return whether an input is an address instead of a path; pathlib makes one slash of two."""
    scheme, colon, rest = text.partition(":")
    return bool(colon) and (
        (scheme.lower() in LIVE_SCHEMES and rest.startswith("/")) or scheme == WEBCAM.name
    )


def find_inputs(paths: Iterable[Path]) -> list[Input]:
    """The inputs in the order given, each with a folder of its own.

    Inputs that would share a folder get the file's suffix in its name, and then a number.
    """
    inputs = [each for path in paths for each in _inputs(path)]
    folders = Counter(each.folder.casefold() for each in inputs)
    used: set[str] = set()
    named = []
    for each in inputs:
        name = each.folder if folders[each.folder.casefold()] == 1 else each.name
        named.append(replace(each, folder=unused_name(name, "", used, default=UNNAMED)))
    return named


def describe_left_out(path: Path) -> str | None:
    """Describe the entries of a folder that are not read, such as `2 .txt, 1 folder`; None if all are."""
    entries = _entries(path) or []
    kinds = Counter(_kind(entry) for entry in entries if not _is_media(entry))
    return ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items())) or None


def _inputs(path: Path) -> Iterator[Input]:
    entries = _entries(path)
    if entries is None:
        yield Input(path, printable(path.name), _folder(path), (path,), is_still(path))
        return
    media = {file: is_still(file) for file in filter(_is_media, entries)}
    stills = tuple(file for file, still in media.items() if still)
    videos = [file for file, still in media.items() if not still]
    if stills or not videos:
        name = path.resolve().name or "pictures"
        yield Input(path, printable(name), plain_name(name, default=UNNAMED), stills, True)
    for video in videos:
        yield Input(video, printable(video.name), _folder(video), (video,), False)


def _entries(path: Path) -> list[Path] | None:
    """The entries of a folder by name, without hidden ones; None for a path that is no readable folder."""
    try:
        return sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    except OSError:
        return None


def _is_media(entry: Path) -> bool:
    return entry.is_file() and entry.suffix.lower() in VIDEO_SUFFIXES | PICTURE_SUFFIXES


def _kind(entry: Path) -> str:
    if entry.is_dir():
        return "folder"
    return printable(entry.suffix.lower()) or "without a suffix"


def _folder(path: Path) -> str:
    return plain_name(path.stem, default=UNNAMED)
