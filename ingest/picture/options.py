"""Options of a source or recording that correct how its pictures are shown."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

# Degrees clockwise; the mirrored ones exchange left and right first.
Turn = Literal["0", "90", "180", "270", "mirrored", "mirrored-90", "mirrored-180", "mirrored-270"]
TURNS: tuple[Turn, ...] = get_args(Turn)

ASPECT = re.compile(r"(\d{1,5}(?:\.\d{1,6})?):(\d{1,5}(?:\.\d{1,6})?)")
MAX_ASPECT = 10  # to 1, and 1 to this


MAX_PIXELS = 2**30  # of a picture, where no limit is set; OpenCV's own limit


class BadOptionError(ValueError):
    """An option is invalid; the message is one line without the option's name."""


@dataclass(frozen=True, slots=True)
class DisplayOptions:
    """Corrections by the user, on top of what the stream declares, and the limit of a picture's size."""

    turn: Turn = "0"  # after the turn that the stream declares
    aspect: str | None = None  # width:height of the picture as shown; None: as the stream declares
    stream: int | None = None  # its number in the file; None: the one that players show
    max_pixels: int = MAX_PIXELS  # of a picture; a larger one is not decoded


NO_CORRECTION = DisplayOptions()


def checked_turn(text: str) -> Turn:
    """Return a turn. Raise BadOptionError."""
    for turn in TURNS:
        if turn == text:
            return turn
    raise BadOptionError(f"must be one of {', '.join(TURNS)}, got {text[:40]!r}")


def checked_aspect(text: str | None) -> str | None:
    """Return an aspect as it is stored. Raise BadOptionError."""
    if text is None:
        return None
    parse_aspect(text)
    return text.strip()


def parse_aspect(text: str) -> Fraction:
    """Return width / height of an aspect like `16:9`. Raise BadOptionError."""
    parts = ASPECT.fullmatch(text.strip())
    width, height = (Fraction(part) for part in parts.groups()) if parts else (Fraction(0), Fraction(0))
    if not height or not Fraction(1, MAX_ASPECT) <= width / height <= MAX_ASPECT:
        limits = f"between 1:{MAX_ASPECT} and {MAX_ASPECT}:1"
        raise BadOptionError(f"must be width:height {limits}, for example 16:9, got {text[:40]!r}")
    return width / height
