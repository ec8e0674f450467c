"""Timelines by pages."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.history import PAGE
from api.messages import START, BadCursorError, checked_cursor, cursor_from, now, with_cursor
from api.problems import MEDIA_TYPE, ProblemError
from api.services import Here

router = APIRouter(prefix="/v1/timelines", tags=["timelines"])

LARGEST_PAGE = 5000  # entries

After = Annotated[str | None, Query(description="cursor: the page begins after it; 0 is the beginning")]
Before = Annotated[str | None, Query(description="cursor: the page ends before it")]
From = Annotated[
    str | None, Query(alias="from", description="instead of `after`: -10m, or a moment with its zone")
]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]

PAGE_SCHEMA = {
    "type": "object",
    "required": ["source", "messages", "next", "more"],
    "properties": {
        "source": {"type": "string"},
        "messages": {"type": "array", "items": {"type": "object"}, "description": "as on the websocket"},
        "next": {"type": "string", "description": "the cursor to ask on from"},
        "more": {"type": "boolean", "description": "whether the page was full"},
    },
}


@router.get(
    "/{source}",
    response_class=Response,
    responses={
        200: {"content": {"application/json": {"schema": PAGE_SCHEMA}}},
        404: {"content": {MEDIA_TYPE: {}}},
        422: {"content": {MEDIA_TYPE: {}}},
    },
)
async def get_timeline(
    source: str,
    here: Here,
    after: After = None,
    before: Before = None,
    since: From = None,
    limit: Limit = PAGE,
) -> Response:
    """A page of the messages of a source, the oldest first; the beginning where nothing else is asked for."""
    await here.known_source(source)
    try:
        start = _start(after, since)
        await here.history.check(source, start)
        end = f"({checked_cursor(before)}" if before else "+"
    except BadCursorError as error:
        raise ProblemError(422, str(error)) from None
    page = await here.history.page(source, start, limit, end)
    messages = ",".join(with_cursor(body, cursor) for cursor, _, body in page)
    following = page[-1][0] if page else start
    more = "true" if len(page) == limit else "false"
    body = f'{{"source":"{source}","messages":[{messages}],"next":"{following}","more":{more}}}'
    return Response(body, media_type="application/json")


def _start(after: str | None, since: str | None) -> str:
    if after:
        return START if after == "0" else checked_cursor(after)
    return cursor_from(since, now()) if since else START
