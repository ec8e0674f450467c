"""Settings of the API's app, gathered from those of all parts."""

from dataclasses import dataclass, field
from pathlib import Path

from api.settings import ApiSettings, RecordingLimits
from engine.card import MODELS
from engine.settings import DetectorName, EngineSettings
from ingest.bus.connection import redis_url
from ingest.network.allowlist import EVERYWHERE, Allowlist
from ingest.settings import IngestSettings, TokenMode, data_folder


@dataclass(frozen=True, slots=True)
class AppSettings:
    """Settings of `create_app`, for the address that it listens on."""

    redis_url: str
    media: Path  # folder of the files that may be sources
    models: Path = MODELS
    data: Path = field(default_factory=data_folder)  # folder of the recordings
    limits: RecordingLimits = field(default_factory=RecordingLimits.read)
    detector: DetectorName = "mien"
    tokens: TokenMode = "open"  # whether clients need a token
    networks: Allowlist = EVERYWHERE  # where sources may be
    shards: int = 1  # engines that share the sources
    root_path: str = ""  # the sub-path at which a reverse proxy serves the service, such as /mien


def app_settings(host: str) -> AppSettings:
    """Return the settings of an API that listens on `host`. Raises SettingError."""
    settings = IngestSettings.read("data", "media", "retention", "tokens", "source_networks", "shards")
    api = ApiSettings.read("audit_retention", "root_path")  # an invalid one is reported at the start
    tokens = settings.tokens_for(host)
    return AppSettings(
        redis_url=redis_url(),
        media=settings.media,
        data=settings.data,
        detector=EngineSettings.read("detector").detector,
        tokens=tokens,
        networks=settings.networks_for(tokens),
        shards=settings.shards,
        root_path=api.root_path,
    )
