"""Sentences for invalid fields. They never quote a value, because it may hold a password."""

from collections.abc import Mapping, Sequence
from typing import Any

# By Pydantic's type of error, for the types that the API's models use; the names in braces come from the
# error's context.
SENTENCES = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "json_invalid": "must be valid JSON",
    "model_attributes_type": "must be a JSON object",
    "string_type": "must be text",
    "string_unicode": "must be text in UTF-8",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must match {pattern}",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "is too large",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "greater_than": "must be greater than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "literal_error": "must be {expected}",
    "aspect": "must be width:height between 1:10 and 10:1, such as 16:9",  # api.display_fields
}


def invalid_fields(errors: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Map each invalid field to a sentence. For a union type it names all alternatives."""
    sentences: dict[str, dict[str, None]] = {}  # by field; a dict in place of a set, for its order
    for error in errors:
        sentences.setdefault(_field(error["loc"]), {})[_sentence(error)] = None
    return {field: ", or ".join(each) for field, each in sentences.items()}


def _sentence(error: Mapping[str, Any]) -> str:
    sentence = SENTENCES.get(error["type"], "is not valid")
    return sentence.format_map(error.get("ctx", {}))


def _field(location: Sequence[int | str]) -> str:
    """Return the name of the field or parameter; `body` for the body as a whole.

    A location is such as `body.name`, or `body.rate.float` for one alternative of a union type.
    """
    place, *names = location
    return str(names[0]) if names and isinstance(names[0], str) else str(place)
