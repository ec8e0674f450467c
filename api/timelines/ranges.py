"""Which part of a timeline a request asks for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from api.http.problems import ProblemError
from api.stream.messages import START, BadCursorError, checked_cursor, cursor_from, now, position

After = Annotated[
    str | None,
    Query(pattern="^(0|[0-9]{1,20}-[0-9]{1,20})$", description="cursor: begins after it; 0 is the beginning"),
]
Before = Annotated[
    str | None, Query(pattern="^[0-9]{1,20}-[0-9]{1,20}$", description="cursor: ends before it")
]
From = Annotated[
    str | None,
    Query(alias="from", description="instead of `after`: -10m (s, m, h), or a moment with its zone"),
]
To = Annotated[
    str | None,
    Query(description="instead of `before`: ends before that moment, in the same forms"),
]


@dataclass(frozen=True, slots=True)
class Range:
    """From after one cursor up to another one."""

    start: str  # exclusive
    end: str  # as Redis takes it: "+", a cursor, or with "(" in front one that is left out

    @property
    def length(self) -> float:
        """Seconds, up to now where the end is open."""
        ended = now().timestamp() if self.end == "+" else position(self.end.lstrip("("))[0] / 1000
        return ended - position(self.start)[0] / 1000


def requested_range(after: After = None, before: Before = None, since: From = None, to: To = None) -> Range:
    """The range of a request; raises a 422 problem that names the parameter that is wrong."""
    if after and since:
        raise _wrong("from", "expected either `after` or `from`, actual both")
    if before and to:
        raise _wrong("to", "expected either `before` or `to`, actual both")
    start = START
    if after or since:
        start = _read("after", _cursor_after, after) if after else _read("from", _cursor_of_moment, since)
    if not (before or to):
        return Range(start, "+")
    end = _read("before", checked_cursor, before) if before else _read("to", _cursor_of_moment, to)
    if position(end) <= position(start):
        raise _wrong("before" if before else "to", "expected a range that ends after it begins")
    return Range(start, f"({end}" if before else end)


Requested = Annotated[Range, Depends(requested_range)]


def _read(parameter: str, reader: Callable[[str], str], text: str | None) -> str:
    try:
        return reader(text or "")
    except BadCursorError as error:
        raise _wrong(parameter, str(error)) from None


def _cursor_after(text: str) -> str:
    return START if text == "0" else checked_cursor(text)


def _cursor_of_moment(text: str) -> str:
    return cursor_from(text, now())


def _wrong(parameter: str, detail: str) -> ProblemError:
    return ProblemError(422, f"{parameter}: {detail}", {parameter: detail})
