"""What is asked for when a source is added or changed, checked field by field, as a configuration."""

import hashlib
import re
import time
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.access.purposes import Ground, Purpose, PurposeError, checked_purpose
from api.app_settings import AppSettings
from api.http.problems import ProblemError
from api.sources.url import FORMS, HIDDEN, UrlError, validated_url, without_password
from ingest.bus.source_config import DEFAULT_RATE, MAX_RATE, MIN_RATE, PreviewMode, SourceConfig

LONGEST_ID = 60  # characters
LONGEST_NAME = 80  # characters

Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, description="for people")]
Url = Annotated[str, Field(description=f"one of {FORMS}")]
Rate = Annotated[float, Field(gt=MIN_RATE, le=MAX_RATE, allow_inf_nan=False, description="readings a second")]
Why = Annotated[
    Purpose | None,
    Field(description="why faces are read; where tokens are asked for it must be given, else it is personal"),
]
Because = Annotated[
    Ground | None, Field(description="what alone makes the purposes workplace and education lawful")
]
Shown = Annotated[
    PreviewMode, Field(description="of the live picture: as it is, too coarse to tell a face, or none at all")
]

EXAMPLE: dict[str, Any] = {
    "name": "Lobby",
    "url": "rtsp://192.0.2.7/stream1",
    "rate": 10,
    "purpose": "public_space",
    "picture": "blurred",
}


# Not null, which is a value of the ground alone: a model tells apart what was given by itself.
LEFT_OUT: Any = Field(default_factory=lambda: None)


class BadNameError(Exception):
    """A name that no source may have."""


class NewSource(BaseModel):
    """What it takes to add a source; its id is made of the name."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": EXAMPLE})

    name: Name
    url: Url
    rate: Rate = DEFAULT_RATE
    purpose: Why = None
    ground: Because = None
    picture: Shown = "shown"


class SourceChange(BaseModel):
    """What is to be changed of a source; what is left out stays, and so does the id."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"picture": "none"}})

    name: Name = LEFT_OUT
    url: Url = LEFT_OUT
    rate: Rate = LEFT_OUT
    purpose: Annotated[Purpose, Field(description="why faces are read")] = LEFT_OUT
    ground: Because = LEFT_OUT
    picture: Shown = LEFT_OUT


def source_from_request(new: NewSource, settings: AppSettings) -> SourceConfig:
    """The configuration that is asked for. Raises a 422 problem that names each field that is wrong."""
    now = time.time()
    default = "personal" if settings.tokens == "open" else None
    checks: dict[str, Callable[[], Any]] = {
        "name": lambda: _checked_name(new.name),
        "url": lambda: validated_url(new.url, settings.media),
        "purpose": lambda: checked_purpose(new.purpose, new.ground, default),
    }
    found = _all(checks)
    return SourceConfig(
        id=slug(found["name"]), rate=new.rate, created_at=now, ground=new.ground, picture=new.picture, **found
    )


def changed_source(config: SourceConfig, change: SourceChange, settings: AppSettings) -> SourceConfig:
    """The configuration after the change. Raises a 422 problem that names each field that is wrong."""
    given = change.model_dump(exclude_unset=True)
    wanted = replace(config, **given)
    checks: dict[str, Callable[[], Any]] = {
        "purpose": lambda: checked_purpose(wanted.purpose, wanted.ground, None),
    }
    if "name" in given:
        checks["name"] = lambda: _checked_name(wanted.name)
    if "url" in given:
        checks["url"] = lambda: _changed_location(config.url, wanted.url, settings)
    return replace(wanted, **_all(checks))


def slug(name: str) -> str:
    """The id made of a name: lower-case letters and digits, with hyphens between them."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    made = "-".join(re.findall(r"[a-z0-9]+", plain))[:LONGEST_ID].strip("-")
    return made or f"source-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _all(checks: dict[str, Callable[[], Any]]) -> dict[str, Any]:
    """What each check gives, by its field; or all that is wrong, as one problem."""
    found: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for field, check in checks.items():
        try:
            found[field] = check()
        except (BadNameError, UrlError, PurposeError) as error:
            errors[field] = str(error)
    if errors:
        raise ProblemError(422, "the source is not valid", errors)
    return found


def _checked_name(text: str) -> str:
    name = " ".join(text.split())
    if not name or not name.isprintable():
        raise BadNameError("expected a name of printable characters")
    return name


def _changed_location(before: str, text: str, settings: AppSettings) -> str:
    """The address; who sends it back as it was shown, with stars for its secrets, leaves it as it is."""
    if text.strip() == without_password(before):
        return before
    if HIDDEN in text:
        raise UrlError("expected what is hidden in full where an address is changed, actual stars")
    return validated_url(text, settings.media)
