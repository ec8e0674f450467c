"""How large recordings may be: MIEN_UPLOAD_LIMIT, MIEN_DURATION_LIMIT, MIEN_PIXELS_LIMIT."""

import os
import re
from dataclasses import dataclass

from ingest.settings import SettingError

BYTES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

RESERVE = 200_000_000  # bytes of the disk that recordings leave to Redis and the live timelines; a guess


@dataclass(frozen=True, slots=True)
class Limits:
    """What a recording may cost."""

    upload: int = 2 * 10**9  # bytes
    duration: float = 4 * 3600.0  # seconds
    pixels: int = 3840 * 2160  # of a picture
    reserve: int = RESERVE  # bytes


def limits_from_environment() -> Limits:
    """Raises SettingError."""
    usual = Limits()
    size = _setting("MIEN_UPLOAD_LIMIT", r"(\d{1,15})([KMGT]?)B?", "500M or 2G")
    length = _setting("MIEN_DURATION_LIMIT", r"(\d{1,9})([smhd])", "90m or 4h")
    sides = _setting("MIEN_PIXELS_LIMIT", r"(\d{1,6})[xX](\d{1,6})", "3840x2160")
    return Limits(
        upload=int(size[1]) * BYTES[size[2].upper()] if size else usual.upload,
        duration=float(int(length[1]) * SECONDS[length[2].lower()]) if length else usual.duration,
        pixels=int(sides[1]) * int(sides[2]) if sides else usual.pixels,
    )


def _setting(name: str, pattern: str, example: str) -> "re.Match[str] | None":
    """What the environment says; None where it says nothing."""
    if name not in os.environ:
        return None
    text = os.environ[name].strip()
    found = re.fullmatch(pattern, text, re.IGNORECASE)
    if found is None or not int(found[1]):
        raise SettingError(f"{name}: expected such as {example}, actual {text!r}")
    return found
