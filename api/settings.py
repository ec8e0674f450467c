"""Where the API finds its server and its folders."""

from dataclasses import dataclass, field
from pathlib import Path

from api.jobs.limits import Limits, limits_from_environment
from engine.card import MODELS
from ingest.bus.connection import redis_url
from ingest.network.allowlist import EVERYWHERE, Networks
from ingest.settings import (
    DetectorName,
    SettingError,
    TokenMode,
    data_folder,
    detector_name,
    media_folder,
    shard_count,
    source_networks,
    token_mode,
)

LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Settings:
    """What `create_app` needs to know."""

    redis_url: str
    media: Path  # sources that are files must lie under it
    models: Path = MODELS
    data: Path = field(default_factory=data_folder)  # recordings lie in it
    limits: Limits = field(default_factory=limits_from_environment)
    detector: DetectorName = "mien"
    tokens: TokenMode = "open"  # whether who asks needs a token
    networks: Networks = EVERYWHERE  # that sources may lie in
    shards: int = 1  # that sources are shared out to


def settings_from_environment(host: str) -> Settings:
    """What the environment says to an API that listens on `host`, with the defaults of a single machine.

    Raises SettingError.
    """
    tokens = token_mode(host)
    return Settings(
        redis_url=redis_url(),
        media=media_folder(data_folder()),
        detector=detector_name(),
        tokens=tokens,
        networks=source_networks(tokens),
        shards=shard_count(),
    )


def checked_port(port: int) -> int:
    """Raises SettingError where nobody could listen."""
    if not 1 <= port <= LAST_PORT:
        raise SettingError(f"--port: expected 1 to {LAST_PORT}, actual {port}")
    return port
