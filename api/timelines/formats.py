"""In which format an answer is wanted: by the parameter `format`, else by the header Accept."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Header, Query

from api.http.problems import ProblemError
from api.stream.history import PAGE
from api.timelines.export import FILES, TABLES, Columns

Format = Literal["json", "jsonl", "csv", "parquet", "vtt"]

MEDIA_TYPES: dict[Format, str] = {
    "json": "application/json",
    "jsonl": FILES["jsonl"].media_type,
    "csv": FILES["csv"].media_type,
    "parquet": FILES["parquet"].media_type,
    "vtt": FILES["vtt"].media_type,
}

LARGEST_PAGE = 5000  # messages

Asked = Annotated[Format | None, Query(alias="format", description="before what the header Accept says")]
Layout = Annotated[
    Columns | None,
    Query(description="of csv and parquet: our own, or with `fex` those that Py-feat's users know"),
]
Limit = Annotated[
    int | None,
    Query(ge=1, le=LARGEST_PAGE, description=f"messages; else {PAGE} as JSON, all of the range as a file"),
]
Accept = Annotated[str, Header(include_in_schema=False)]


@dataclass(frozen=True, slots=True)
class Shape:
    """How the answer is to be."""

    format: Format
    columns: Columns
    limit: int | None  # messages


def requested_shape(
    asked: Asked = None, columns: Layout = None, limit: Limit = None, accept: Accept = "*/*"
) -> Shape:
    """Raises a 406 problem where none of what is accepted can be had, a 422 where columns make no sense."""
    format = asked or _accepted(accept)
    if columns and format not in TABLES:
        detail = f"expected only with format {' or '.join(TABLES)}, actual {format}"
        raise ProblemError(422, f"columns: {detail}", {"columns": detail})
    return Shape(format, columns or "mien", limit)


Shaped = Annotated[Shape, Depends(requested_shape)]


def _accepted(accept: str) -> Format:
    for media_range in _in_order(accept):
        for format, media_type in MEDIA_TYPES.items():
            kind = media_type.partition("/")[0]
            if media_range in (media_type, f"{kind}/*", "*/*"):
                return format
    raise ProblemError(406, f"expected one of {', '.join(MEDIA_TYPES.values())} to be accepted")


def _in_order(accept: str) -> Iterator[str]:
    """The media ranges of a header, the most wanted first."""
    weighed = []
    for part in accept.split(","):
        media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = next((_weight(text[2:]) for text in parameters if text.startswith("q=")), 1.0)
        if weight > 0:
            weighed.append((weight, media_range))
    return (media_range for _, media_range in sorted(weighed, key=lambda each: -each[0]))


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
