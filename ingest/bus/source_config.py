"""A source as it is configured, and how that lies in Redis."""

import json
import logging
from dataclasses import asdict, dataclass
from functools import lru_cache
from types import NoneType
from typing import Any, Literal, get_args

log = logging.getLogger(__name__)

# Readings a second: of a source or recording that names no rate, and the limits (MIN_RATE itself is too low).
DEFAULT_RATE = 10.0
MIN_RATE, MAX_RATE = 0.0, 60.0

NUMBER = (int, float)

# As it is; so coarse that no face can be told; none is made at all.
Picture = Literal["shown", "blurred", "none"]
PICTURES = get_args(Picture)

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
    picture: Picture = "shown"  # what of it is shown to those who watch
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
    if fields.get("picture", "shown") not in PICTURES:
        raise BadConfigError(f"picture: expected one of {', '.join(PICTURES)}, actual something else")
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
