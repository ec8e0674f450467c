"""One row of the acceptance table: what was measured, the bar, and whether it holds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

SHARED = Path(__file__).parents[3] / "shared"
VIDEOS = SHARED / "videos"


class AbsentError(Exception):
    """What a check needs is not on this machine: it is skipped, and the message says what."""


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    figure: str
    bar: str
    ok: bool | None  # None: skipped; the figure says why


Check = Callable[[Path], Iterator[Row]]


def video(name: str) -> Path:
    """A clip of ../shared/videos. Raises AbsentError where it is absent."""
    path = VIDEOS / name
    if not path.is_file():
        raise AbsentError(f"../shared/videos/{name} is not there")
    return path
