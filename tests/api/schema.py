"""docs/messages.schema.json as what it is there for: no message that tests receive may break it."""

import json
from pathlib import Path
from typing import Any

import jsonschema

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "messages.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def parsed(text: str | bytes) -> dict[str, Any]:
    """A message as it was sent. Raises jsonschema.ValidationError."""
    message: dict[str, Any] = json.loads(text)
    VALIDATOR.validate(message)
    return message
