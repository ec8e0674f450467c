"""The range of a timeline, from the parameters of a request."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from api.http.problems import ProblemError
from api.stream.messages import (
    BadCursorError,
    checked_cursor,
    cursor_after,
    cursor_from,
    now,
    position,
)

After = Annotated[
    str | None,
    Query(pattern="^(0|[0-9]{1,20}-[0-9]{1,20})$", description="cursor: begin after it; 0 for the beginning"),
]
Before = Annotated[
    str | None, Query(pattern="^[0-9]{1,20}-[0-9]{1,20}$", description="cursor: end before it")
]
From = Annotated[
    str | None,
    Query(alias="from", description="instead of `after`: -10m (s, m, h), or a moment with its zone"),
]
To = Annotated[
    str | None, Query(description="instead of `before`: end before this moment, in the same forms")
]


@dataclass(frozen=True, slots=True)
class CursorRange:
    """Part of a timeline between two cursors."""

    start: str  # exclusive
    end: str  # for Redis: "+" for the end, a cursor, or with "(" in front an exclusive one

    @property
    def length(self) -> float:
        """Length in seconds; up to now if the end is open."""
        ended = now().timestamp() if self.end == "+" else position(self.end.lstrip("("))[0] / 1000
        return ended - position(self.start)[0] / 1000


def requested_range(
    after: After = None, before: Before = None, since: From = None, to: To = None
) -> CursorRange:
    """Return the range of a request. Raises a 422 problem that names the invalid parameter."""
    if after and since:
        raise _invalid("from", "give either `after` or `from`, not both")
    if before and to:
        raise _invalid("to", "give either `before` or `to`, not both")
    start = _read("from", _cursor_of_moment, since) if since else _read("after", cursor_after, after or "0")
    if not (before or to):
        return CursorRange(start, "+")
    end = _read("before", checked_cursor, before) if before else _read("to", _cursor_of_moment, to)
    if position(end) <= position(start):
        raise _invalid("before" if before else "to", "the range must end after it begins")
    return CursorRange(start, f"({end}" if before else end)


RangeDep = Annotated[CursorRange, Depends(requested_range)]


def _read(parameter: str, reader: Callable[[str], str], text: str | None) -> str:
    try:
        return reader(text or "")
    except BadCursorError as error:
        raise _invalid(parameter, str(error)) from None


def _cursor_of_moment(text: str) -> str:
    return cursor_from(text, now())


def _invalid(parameter: str, detail: str) -> ProblemError:
    return ProblemError(422, f"{parameter}: {detail}", {parameter: detail})
