"""docs/messages.schema.json, to which every message that tests receive must conform."""

import json
from pathlib import Path
from typing import Any

import jsonschema

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "messages.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def parsed(text: str | bytes) -> dict[str, Any]:
    """Decode a message. Raises jsonschema.ValidationError if it does not conform."""
    message: dict[str, Any] = json.loads(text)
    VALIDATOR.validate(message)
    return message
