"""What ingest is told by its environment."""

import os
from dataclasses import dataclass
from pathlib import Path

OPEN_TIMEOUT = 10.0  # seconds
READ_TIMEOUT = 5.0  # seconds without a packet


@dataclass(frozen=True, slots=True)
class Settings:
    """How sources are opened and watched over."""

    media: Path  # sources that are files lie under it
    open_timeout: float = OPEN_TIMEOUT
    read_timeout: float = READ_TIMEOUT

    @property
    def silence(self) -> float:
        """Seconds after which a decoder that says nothing hangs: longer than each of its own limits."""
        return max(self.open_timeout, self.read_timeout) + 5.0


def settings_from_environment() -> Settings:
    """MIEN_MEDIA (default: `media` in MIEN_DATA), MIEN_OPEN_TIMEOUT and MIEN_READ_TIMEOUT in seconds."""
    data = Path(os.environ.get("MIEN_DATA", "data"))
    return Settings(
        media=Path(os.environ.get("MIEN_MEDIA", data / "media")),
        open_timeout=float(os.environ.get("MIEN_OPEN_TIMEOUT", OPEN_TIMEOUT)),
        read_timeout=float(os.environ.get("MIEN_READ_TIMEOUT", READ_TIMEOUT)),
    )
