"""The configuration of a source, and its form in Redis."""

import json
import logging
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError, with_config

from ingest.bus.client import Redis
from ingest.bus.keys import SOURCES
from ingest.picture.options import DisplayOptions, Turn

log = logging.getLogger(__name__)

# Readings a second: of a source or recording that names no rate, and the limits (MIN_RATE itself is too low).
# A reading in a quarter of an hour is the least; the intervals of lower rates overflow.
DEFAULT_RATE = 10.0
MIN_RATE, MAX_RATE = 0.001, 60.0
Rate = Annotated[float, Field(gt=MIN_RATE, le=MAX_RATE, allow_inf_nan=False, description="readings a second")]

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
    created_at: float  # seconds since the epoch; media_time of the source counts from here
    purpose: str = "personal"  # of reading faces; one of api.access.purposes
    ground: str | None = None  # the legal exception for a purpose that is otherwise refused
    picture: PreviewMode = "shown"  # of its previews
    shard: int = 0  # of the engine that reads it; chosen when the source is added, and never changed
    turn: Turn = "0"  # of the picture, after the turn that the camera declares
    aspect: str | None = None  # width:height of the picture as shown; None: as the camera declares

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
        wrong = error.errors()[0]
        field = ".".join(map(str, wrong["loc"]))
        raise BadConfigError(f"{field or 'the configuration'} is invalid: {wrong['msg']}") from None


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
