"""Rows of the acceptance table, and what their checks share."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

SHARED = Path(__file__).parents[3] / "shared"
VIDEOS = SHARED / "videos"


class AbsentError(Exception):
    """A check needs something that this machine lacks, and is skipped; the message names it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A measured figure and the bar that it must meet."""

    name: str
    figure: str
    bar: str
    ok: bool | None  # None: skipped; the figure says why


Check = Callable[[Path], Iterator[Row]]


def video(name: str) -> Path:
    """Return a clip of ../shared/videos. Raises AbsentError where it is missing."""
    path = VIDEOS / name
    if not path.is_file():
        raise AbsentError(f"../shared/videos/{name} is missing")
    return path
