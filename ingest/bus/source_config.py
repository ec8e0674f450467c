"""A source as it is configured, and how that lies in Redis."""

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
    """What lies in Redis is no source's configuration; the message is one line without its values."""


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """A source as it is configured. The URL may hold a password: it stays on the bus and in memory."""

    id: str
    name: str
    url: str
    rate: float  # readings a second
    created_at: float  # seconds since the epoch; media_time of the source counts from here
    purpose: str = "personal"  # why faces are read; api.access.purposes has them all
    ground: str | None = None  # what makes a purpose lawful that is otherwise refused
    picture: PreviewMode = "shown"  # what of it is shown to those who watch
    shard: int = 0  # of the engine that reads it; decided when it is added, for as long as it is there


REQUIRED: Kinds = {"id": str, "name": str, "url": str, "rate": NUMBER, "created_at": NUMBER}

# Sources that were configured before these fields were there have their defaults.
OPTIONAL: Kinds = {"purpose": str, "ground": (str, NoneType), "picture": str, "shard": int}

FIELDS = REQUIRED | OPTIONAL

EXPECTED: dict[object, str] = {NUMBER: "a number", int: "a whole number"}


def encode_config(config: SourceConfig) -> str:
    return json.dumps(asdict(config))


def decode_config(text: bytes) -> SourceConfig:
    """Raises BadConfigError, for instance on what another version of the service wrote."""
    try:
        fields: Any = json.loads(text)
    except ValueError:
        raise BadConfigError("expected JSON, actual something else") from None
    actual = list(fields) if isinstance(fields, dict) else []
    if not set(REQUIRED) <= set(actual) <= set(FIELDS):
        raise BadConfigError(f"expected the fields {', '.join(FIELDS)}, actual {', '.join(actual) or 'none'}")
    for name, value in fields.items():
        if not isinstance(value, FIELDS[name]):
            expected = EXPECTED.get(FIELDS[name], "a text")
            raise BadConfigError(f"{name}: expected {expected}, actual {type(value).__name__}")
    if fields.get("picture", "shown") not in PREVIEW_MODES:
        raise BadConfigError(f"picture: expected one of {', '.join(PREVIEW_MODES)}, actual something else")
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
