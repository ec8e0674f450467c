"""The configuration of a source, and its form in Redis."""

import json
import logging
from dataclasses import asdict, dataclass
from functools import lru_cache
from types import NoneType
from typing import Any, Literal, get_args

from ingest.bus.client import Redis
from ingest.bus.keys import SOURCES

log = logging.getLogger(__name__)

# Readings a second: of a source or recording that names no rate, and the limits (MIN_RATE itself is too low).
DEFAULT_RATE = 10.0
MIN_RATE, MAX_RATE = 0.0, 60.0

NUMBER = (int, float)

# The preview of a source: as it is, so coarse that faces are unrecognisable, or none at all.
PreviewMode = Literal["shown", "blurred", "none"]
PREVIEW_MODES = get_args(PreviewMode)

Kinds = dict[str, type | tuple[type, ...]]


class BadConfigError(Exception):
    """A configuration in Redis is invalid; the message is one line without its values."""


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """The configuration of a source. Its URL may have a password in it and is never logged or shown."""

    id: str
    name: str
    url: str
    rate: float  # readings a second
    created_at: float  # seconds since the epoch; media_time of the source counts from here
    purpose: str = "personal"  # of reading faces; one of api.access.purposes
    ground: str | None = None  # the legal exception for a purpose that is otherwise refused
    picture: PreviewMode = "shown"  # of its previews
    shard: int = 0  # of the engine that reads it; chosen when the source is added, and never changed


REQUIRED: Kinds = {"id": str, "name": str, "url": str, "rate": NUMBER, "created_at": NUMBER}

# Sources that were configured before these fields existed have the defaults.
OPTIONAL: Kinds = {"purpose": str, "ground": (str, NoneType), "picture": str, "shard": int}

FIELDS = REQUIRED | OPTIONAL

KIND_NAMES: dict[object, str] = {NUMBER: "a number", int: "a whole number"}


def encode_config(config: SourceConfig) -> str:
    return json.dumps(asdict(config))


def decode_config(text: bytes) -> SourceConfig:
    """Decode a configuration. Raise BadConfigError, for example for one of another version of the service."""
    try:
        fields: Any = json.loads(text)
    except ValueError:
        raise BadConfigError("the configuration is not JSON") from None
    names = list(fields) if isinstance(fields, dict) else []
    if not set(REQUIRED) <= set(names) <= set(FIELDS):
        raise BadConfigError(f"its fields must be {', '.join(FIELDS)}, got {', '.join(names) or 'none'}")
    for name, value in fields.items():
        if not isinstance(value, FIELDS[name]):
            kind = KIND_NAMES.get(FIELDS[name], "a text")
            raise BadConfigError(f"{name} must be {kind}, got {type(value).__name__}")
    if fields.get("picture", "shown") not in PREVIEW_MODES:
        raise BadConfigError(f"picture must be one of {', '.join(PREVIEW_MODES)}")
    return SourceConfig(**fields)


@lru_cache(maxsize=1024)
def usable_config(id: str, text: bytes) -> SourceConfig | None:
    """Return the configuration of the source `id`, or None if it is unreadable.

    The cache is for the log: an unreadable configuration is logged once and not at each reading.
    """
    try:
        return decode_config(text)
    except BadConfigError as error:
        log.warning("source %s is skipped: %s", id, error)
        return None


def configured_sources(client: Redis) -> dict[str, SourceConfig]:
    """Return the configurations of all sources by id; unreadable ones are left out."""
    entries = client.hgetall(SOURCES).items()
    configs = ((id.decode(), usable_config(id.decode(), text)) for id, text in entries)
    return {id: config for id, config in configs if config is not None}
