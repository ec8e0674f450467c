"""The configuration of a source, and its form in Redis."""

import json
import logging
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError, with_config

from ingest.bus.client import Redis
from ingest.bus.keys import SOURCES
from ingest.bus.stored import Aspect, Moment, fields_of, valid_part, wrong_field
from ingest.picture.options import DisplayOptions, Turn
from ingest.printable import printable
from ingest.settings import MAX_SHARDS

log = logging.getLogger(__name__)

# Readings a second: of a source or recording that names no rate, and the limits (MIN_RATE itself is too low).
# A reading in a quarter of an hour is the least; the intervals of lower rates overflow.
DEFAULT_RATE = 10.0
MIN_RATE, MAX_RATE = 0.001, 60.0
Rate = Annotated[float, Field(gt=MIN_RATE, le=MAX_RATE, allow_inf_nan=False, description="readings a second")]

Shard = Annotated[int, Field(ge=0, lt=MAX_SHARDS)]

# The preview of a source: as it is, so coarse that faces are unrecognisable, or none at all.
PreviewMode = Literal["shown", "blurred", "none"]


class BadConfigError(Exception):
    """A configuration in Redis is invalid; the message is one line without its values."""


@with_config(strict=True, extra="forbid")
@dataclass(frozen=True, slots=True)
class SourceConfig:
    """The configuration of a source. Its URL may have a password in it and is never logged or shown.

    Sources that were configured before a field with a default existed have the default.
    """

    id: str
    name: str
    url: str
    rate: Rate
    created_at: Moment  # seconds since the epoch; media_time of the source counts from here
    purpose: str = "personal"  # of reading faces; one of api.access.purposes
    ground: str | None = None  # the legal exception for a purpose that is otherwise refused
    picture: PreviewMode = "shown"  # of its previews
    shard: Annotated[int, Field(ge=0, lt=MAX_SHARDS)] = (
        0  # of the engine that reads it; chosen when the source is added, and never changed
    )
    turn: Turn = "0"  # of the picture, after the turn that the camera declares
    aspect: Aspect = None  # width:height of the picture as shown; None: as the camera declares

    @property
    def display(self) -> DisplayOptions:
        return DisplayOptions(self.turn, self.aspect)


DECODER = TypeAdapter(SourceConfig)


def encode_config(config: SourceConfig) -> str:
    return json.dumps(asdict(config))


def decode_config(text: bytes) -> SourceConfig:
    """Decode a configuration. Raise BadConfigError, for example for one of another version of the service."""
    try:
        return DECODER.validate_json(text)
    except ValidationError as error:
        raise BadConfigError(wrong_field(error)) from None


def config_of(id: str, text: bytes) -> SourceConfig:
    """Decode the configuration that is stored under an id. Raise BadConfigError."""
    config = decode_config(text)
    if config.id != id:
        raise BadConfigError("id is invalid: it must be the name of its field in Redis")
    return config


def invalid_config(id: str, text: bytes) -> tuple[SourceConfig, str] | None:
    """Return what is valid of an invalid configuration, and the reason; None for a valid one."""
    try:
        config_of(id, text)
    except BadConfigError as error:
        stand_ins = {"id": id, "name": id, "url": "***", "rate": DEFAULT_RATE, "created_at": 0.0}
        return valid_part(DECODER, {**fields_of(text), "id": id}, stand_ins), str(error)
    return None


@lru_cache(maxsize=1024)
def usable_config(id: str, text: bytes) -> SourceConfig | None:
    """Return the configuration of the source `id`, or None if it is unreadable.

    The cache is for the log: an unreadable configuration is logged once and not at each reading.
    """
    try:
        return config_of(id, text)
    except BadConfigError as error:
        log.warning("source %s is skipped: %s", printable(id), error)
        return None


def configured_sources(client: Redis) -> dict[str, SourceConfig]:
    """Return the configurations of all sources by id; unreadable ones are left out."""
    entries = client.hgetall(SOURCES).items()
    configs = (usable_config(id.decode(errors="replace"), text) for id, text in entries)
    return {config.id: config for config in configs if config is not None}
