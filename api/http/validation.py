"""What is wrong with a request, in sentences of our own that never quote it: it may hold a password."""

from collections.abc import Mapping, Sequence
from typing import Any

# Pydantic's kinds of errors; the names in braces are of what it tells beside.
SENTENCES = {
    "missing": "expected a value, actual none",
    "extra_forbidden": "there is no such field",
    "json_invalid": "expected JSON",
    "model_attributes_type": "expected a JSON object",
    "model_type": "expected a JSON object",
    "dict_type": "expected a JSON object",
    "list_type": "expected a list",
    "string_type": "expected text",
    "string_unicode": "expected text in UTF-8",
    "string_too_short": "expected {min_length} or more characters",
    "string_too_long": "expected {max_length} or fewer characters",
    "string_pattern_mismatch": "expected the form {pattern}",
    "too_short": "expected at least {min_length} entries, actual {actual_length}",
    "too_long": "expected at most {max_length} entries",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_parsing_size": "expected a smaller number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "finite_number": "expected a finite number",
    "greater_than": "expected more than {gt:g}",
    "greater_than_equal": "expected at least {ge:g}",
    "less_than": "expected less than {lt:g}",
    "less_than_equal": "expected at most {le:g}",
    "literal_error": "expected {expected}",
    "enum": "expected {expected}",
    "none_required": "expected null",
}


def wrong_fields(errors: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """A sentence for each field that is wrong. Where a value could be of several kinds, all are named."""
    told: dict[str, list[str]] = {}
    for error in errors:
        sentences = told.setdefault(_field(error["loc"]), [])
        if (sentence := _sentence(error)) not in sentences:
            sentences.append(sentence)
    return {field: ", or ".join(sentences) for field, sentences in told.items()}


def _sentence(error: Mapping[str, Any]) -> str:
    sentence = SENTENCES.get(error["type"], "is not valid")
    return sentence.format_map(error.get("ctx", {}))


def _field(location: Sequence[int | str]) -> str:
    """`body.name` is the field name; of a parameter its own; what is wrong as a whole is the body.

    A value that could be of several kinds adds the kind, as in `body.rate.float`, which is no field.
    """
    place, *names = location
    return str(names[0]) if names and isinstance(names[0], str) else str(place)
