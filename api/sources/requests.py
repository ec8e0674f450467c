"""Requests to add or change a source, validated field by field into its configuration."""

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
from api.display_fields import AspectField, TurnField
from api.http.problems import ProblemError
from api.sources.url import HIDDEN, UrlError, validated_url, without_password
from ingest.bus.source_config import DEFAULT_RATE, PreviewMode, Rate, SourceConfig
from ingest.network.source_types import FORMS

MAX_ID_LENGTH = 60  # characters
MAX_NAME_LENGTH = 80  # characters

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_LENGTH, description="display name")]
Url = Annotated[str, Field(description=f"one of {FORMS}")]
PurposeField = Annotated[
    Purpose | None,
    Field(description="purpose of reading faces; required where tokens are, otherwise personal by default"),
]
GroundField = Annotated[
    Ground | None, Field(description="lawful ground, required for the purposes workplace and education")
]
PictureField = Annotated[
    PreviewMode,
    Field(description="visibility of the live picture: as it is, too coarse to recognise a face, or none"),
]

EXAMPLE: dict[str, Any] = {
    "name": "Lobby",
    "url": "rtsp://192.0.2.7/stream1",
    "rate": 10,
    "purpose": "public_space",
    "picture": "blurred",
}

# Default of a field that the request leaves out, which differs from null: only the ground may be null, and
# model_dump(exclude_unset) leaves such fields out.
UNSET: Any = Field(default_factory=lambda: None)


class BadNameError(Exception):
    """A name without printable characters."""


class NewSource(BaseModel):
    """A new source. Its id is derived from its name."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": EXAMPLE})

    name: Name
    url: Url
    rate: Rate = DEFAULT_RATE
    purpose: PurposeField = None
    ground: GroundField = None
    picture: PictureField = "shown"
    turn: TurnField = "0"
    aspect: AspectField = None


class SourceChange(BaseModel):
    """Changes to a source. Fields that are left out stay as they are, and so does the id."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"picture": "none"}})

    name: Name = UNSET
    url: Url = UNSET
    rate: Rate = UNSET
    purpose: Annotated[Purpose, Field(description="purpose of reading faces")] = UNSET
    ground: GroundField = UNSET
    picture: PictureField = UNSET
    turn: TurnField = UNSET
    aspect: AspectField = UNSET


def source_from_request(new: NewSource, settings: AppSettings) -> SourceConfig:
    """Return the new source's configuration. Raises a 422 problem that names each invalid field."""
    default = "personal" if settings.tokens == "open" else None
    checks: dict[str, Callable[[], Any]] = {
        "name": lambda: _checked_name(new.name),
        "url": lambda: validated_url(new.url, settings.media),
        "purpose": lambda: checked_purpose(new.purpose, new.ground, default),
    }
    fields = new.model_dump() | _run_checks(checks)
    return SourceConfig(id=slug(fields["name"]), created_at=time.time(), **fields)


def changed_source(config: SourceConfig, change: SourceChange, settings: AppSettings) -> SourceConfig:
    """Return the changed configuration. Raises a 422 problem that names each invalid field."""
    given = change.model_dump(exclude_unset=True)
    after = replace(config, **given)
    checks: dict[str, Callable[[], Any]] = {
        "purpose": lambda: checked_purpose(after.purpose, after.ground, None)
    }
    if "name" in given:
        checks["name"] = lambda: _checked_name(after.name)
    if "url" in given:
        checks["url"] = lambda: _changed_location(config.url, after.url, settings)
    return replace(after, **_run_checks(checks))


def slug(name: str) -> str:
    """Derive an id from a name: lower-case letters and digits, joined by hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    id = "-".join(re.findall(r"[a-z0-9]+", plain))[:MAX_ID_LENGTH].strip("-")
    return id or f"source-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _run_checks(checks: dict[str, Callable[[], Any]]) -> dict[str, Any]:
    """Return the checked value of each field. Raises one problem with all errors."""
    checked: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for field, check in checks.items():
        try:
            checked[field] = check()
        except (BadNameError, UrlError, PurposeError) as error:
            errors[field] = str(error)
    if errors:
        raise ProblemError(422, "the source is invalid", errors)
    return checked


def _checked_name(text: str) -> str:
    name = " ".join(text.split())
    if not name or not name.isprintable():
        raise BadNameError("must consist of printable characters")
    return name


def _changed_location(before: str, text: str, settings: AppSettings) -> str:
    """Validate a changed URL. The URL as clients see it, with stars for its secrets, means no change."""
    if text.strip() == without_password(before):
        return before
    if HIDDEN in text:
        raise UrlError("replace the stars: a changed address needs its password and options in full")
    return validated_url(text, settings.media)
