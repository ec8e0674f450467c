"""Timelines by pages."""

import asyncio
import gzip
import json
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response

from api.history import PAGE
from api.messages import BadCursorError, position, with_cursor
from api.overview_document import OVERVIEW_SCHEMA, OverviewDocument
from api.problems import MEDIA_TYPE, ProblemError
from api.ranges import From, Range, Requested, To, requested_range
from api.services import Here, Services
from ingest.bus import SECONDS, overview_key

router = APIRouter(prefix="/v1/timelines", tags=["timelines"])

LARGEST_PAGE = 5000  # entries
LONGEST_OVERVIEW = 6 * 3600.0  # seconds
QUICK = 1  # gzip's level: half the time of the usual one, for a tenth more
VARY = {"Vary": "Accept-Encoding"}

AcceptEncoding = Annotated[str, Header(alias="Accept-Encoding", include_in_schema=False)]
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
    asked: Requested,
    limit: Limit = PAGE,
) -> Response:
    """A page of the messages of a source, the oldest first; the beginning where nothing else is asked for."""
    await here.known_source(source)
    try:
        await here.history.check(source, asked.start)
    except BadCursorError as error:
        raise ProblemError(422, str(error)) from None
    page = await here.history.page(source, asked.start, limit, asked.end)
    messages = ",".join(with_cursor(body, cursor) for cursor, _, body in page)
    following = page[-1][0] if page else asked.start
    more = "true" if len(page) == limit else "false"
    body = f'{{"source":"{source}","messages":[{messages}],"next":"{following}","more":{more}}}'
    return Response(body, media_type="application/json")


@router.get(
    "/{source}/overview",
    response_class=Response,
    responses={
        200: {"content": {"application/json": {"schema": OVERVIEW_SCHEMA}}},
        404: {"content": {MEDIA_TYPE: {}}},
        422: {"content": {MEDIA_TYPE: {}}},
    },
)
async def get_overview(
    source: str, here: Here, since: From = "-1h", to: To = None, accepts: AcceptEncoding = ""
) -> Response:
    """Each face's seconds and the coverage, the last hour's where nothing else is asked for; at most 6 hours.

    The second that is not over yet is left out: messages after the cursor `until` tell it.
    """
    await here.known_source(source)
    asked = requested_range(since=since, to=to)
    if asked.length > LONGEST_OVERVIEW:
        raise ProblemError(422, f"expected a range of at most {LONGEST_OVERVIEW / 3600:g} hours")
    text = await _overview(here, source, asked)
    if "gzip" not in accepts:
        return Response(text, media_type="application/json", headers=VARY)
    packed = await asyncio.to_thread(gzip.compress, text, QUICK)
    return Response(packed, media_type="application/json", headers=VARY | {"Content-Encoding": "gzip"})


async def _overview(here: Services, source: str, asked: Range) -> bytes:
    document, until, full = OverviewDocument(source), asked.start, True
    while full:
        page = await here.redis.xrange(overview_key(source), min=f"({until}", max=asked.end, count=PAGE)
        for _, entry in page:
            if entry[b"type"] == SECONDS.encode():
                document.add_seconds(entry[b"body"])
            else:
                document.add_coverage(_shown(json.loads(entry[b"body"])))
        until, full = page[-1][0].decode() if page else until, len(page) == PAGE
    # The entry that ended a second went out together with the next second's first reading.
    return await document.text(until=f"{max(0, position(until)[0] - 1)}-0")


def _shown(stretch: dict[str, Any]) -> dict[str, Any]:
    return {name: stretch[name] for name in ("kind", "started_at", "ended_at", "frames")}
