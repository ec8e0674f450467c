"""Where the API finds its server and its folders."""

import os
from dataclasses import dataclass
from pathlib import Path

from engine.card import MODELS
from ingest.bus import redis_url


@dataclass(frozen=True, slots=True)
class Settings:
    """What `create_app` needs to know."""

    redis_url: str
    media: Path  # sources that are files must lie under it
    models: Path = MODELS


def settings_from_environment() -> Settings:
    """REDIS_URL, MIEN_DATA and MIEN_MEDIA, with the defaults of a single machine."""
    data = Path(os.environ.get("MIEN_DATA", "data"))
    return Settings(redis_url=redis_url(), media=Path(os.environ.get("MIEN_MEDIA", data / "media")))
