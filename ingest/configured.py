"""A source as it is configured, and how that lies in Redis."""

import json
import logging
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

log = logging.getLogger(__name__)

NUMBER = (int, float)


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


FIELDS: dict[str, type | tuple[type, ...]] = {
    "id": str,
    "name": str,
    "url": str,
    "rate": NUMBER,
    "created_at": NUMBER,
}


def encode_config(config: SourceConfig) -> str:
    return json.dumps(asdict(config))


def decode_config(text: bytes) -> SourceConfig:
    """Raises BadConfigError, for instance on what another version of the service wrote."""
    try:
        fields: Any = json.loads(text)
    except ValueError:
        raise BadConfigError("expected JSON, actual something else") from None
    actual = list(fields) if isinstance(fields, dict) else []
    if set(actual) != set(FIELDS):
        raise BadConfigError(f"expected the fields {', '.join(FIELDS)}, actual {', '.join(actual) or 'none'}")
    for name, kind in FIELDS.items():
        if not isinstance(fields[name], kind):
            expected = "a number" if kind is NUMBER else "a text"
            raise BadConfigError(f"{name}: expected {expected}, actual {type(fields[name]).__name__}")
    return SourceConfig(**fields)


@lru_cache(maxsize=1024)
def usable_config(id: str, text: bytes) -> SourceConfig | None:
    """What is configured under `id`; None where nobody can read it.

    It is asked again and again, and kept: so a log line says once, and not each time, what cannot be read.
    """
    try:
        return decode_config(text)
    except BadConfigError as error:
        log.warning("source %s is passed over: %s", id, error)
        return None
