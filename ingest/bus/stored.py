"""Records that are stored in Redis as JSON, perhaps by another version of the service or by hand."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from ingest.picture.options import BadOptionError, checked_aspect

Record = TypeVar("Record")

LATEST = 2.0**33  # seconds since the epoch; in the year 2242

Moment = Annotated[float, Field(ge=0, lt=LATEST, allow_inf_nan=False)]  # seconds since the epoch
Seconds = Annotated[float, Field(ge=0, lt=LATEST, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, lt=2**63)]


def _aspect(text: str | None) -> str | None:
    try:
        return checked_aspect(text)
    except BadOptionError:
        raise ValueError("it must be width:height, such as 16:9") from None


Aspect = Annotated[str | None, AfterValidator(_aspect)]


def wrong_field(error: ValidationError) -> str:
    """Describe the first invalid field in one line, without its value."""
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(map(str, first["loc"]))
    return f"{field or 'the configuration'} is invalid: {first['msg'].removeprefix('Value error, ')}"


def fields_of(text: bytes) -> dict[str, Any]:
    """Return the fields of a JSON object; none of anything else."""
    try:
        found = from_json(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def valid_part(kind: TypeAdapter[Record], fields: Mapping[str, Any], stand_ins: Mapping[str, Any]) -> Record:
    """Return an invalid record with its valid fields, to show it; stand-ins replace the others."""
    try:
        return kind.validate_json(json.dumps({**stand_ins, **fields}))
    except ValidationError as error:
        wrong = {each["loc"][0] for each in error.errors() if each["loc"]}
        valid = {name: value for name, value in fields.items() if name not in wrong}
        return kind.validate_json(json.dumps({**stand_ins, **valid}))
