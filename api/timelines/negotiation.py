"""The format of an answer: the parameter `format` chooses it, else the header Accept."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from fastapi import Depends, Header, Query

from api.exports.formats import REST_FORMATS
from api.exports.writer import Layout
from api.http.problems import ProblemError
from api.stream.history import PAGE_SIZE

MEDIA_TYPES = {"json": "application/json"} | {
    name: export.media_type for name, export in REST_FORMATS.items()
}
TABLES = [name for name, export in REST_FORMATS.items() if export.has_columns]
LARGEST_PAGE = 5000  # messages

Format: TypeAlias = Literal[*MEDIA_TYPES]  # type: ignore[valid-type]
FormatQuery = Annotated[Format | None, Query(alias="format", description="wins over the header Accept")]
Columns = Annotated[
    Layout | None,
    Query(description="the columns of csv and parquet: mien's own, or with `fex` those of Py-feat"),
]
Limit = Annotated[
    int | None,
    Query(
        ge=1,
        le=LARGEST_PAGE,
        description=f"messages (default: {PAGE_SIZE} as JSON, the whole range as a file)",
    ),
]
Accept = Annotated[str, Header(include_in_schema=False)]


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """The form in which a client wants a timeline."""

    format: str  # json, or a name of REST_FORMATS
    layout: Layout
    limit: int | None  # messages


def requested_export(
    format: FormatQuery = None, columns: Columns = None, limit: Limit = None, accept: Accept = "*/*"
) -> ExportRequest:
    """Raises a 406 problem where no format suits Accept, a 422 problem where the format has no columns."""
    chosen = format or _accepted(accept)
    if columns and chosen not in TABLES:
        detail = f"only {' and '.join(TABLES)} have columns, not {chosen}"
        raise ProblemError(422, f"columns: {detail}", {"columns": detail})
    return ExportRequest(chosen, columns or "mien", limit)


ExportRequestDep = Annotated[ExportRequest, Depends(requested_export)]


def _accepted(accept: str) -> str:
    """The format of the first media range of an Accept header that one matches (RFC 9110, 12.5.1)."""
    for media_range in _by_weight(accept):
        for format, media_type in MEDIA_TYPES.items():
            kind = media_type.partition("/")[0]
            if media_range in (media_type, f"{kind}/*", "*/*"):
                return format
    raise ProblemError(406, f"the header Accept must allow one of {', '.join(MEDIA_TYPES.values())}")


def _by_weight(accept: str) -> Iterator[str]:
    """The media ranges of the header, the highest weight first; those with weight 0 are left out."""
    weighted = []
    for part in accept.split(","):
        media_range, *parameters = (text.strip().lower() for text in part.split(";"))
        weight = next((_weight(text[2:]) for text in parameters if text.startswith("q=")), 1.0)
        if weight > 0:
            weighted.append((weight, media_range))
    return (media_range for _, media_range in sorted(weighted, key=lambda pair: -pair[0]))


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
