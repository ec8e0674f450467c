"""Timelines: by pages, as files, and an hour at a glance."""

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

from api.access.caller import CallerDep
from api.exports.formats import REST_FORMATS
from api.exports.writer import ExportOptions
from api.http.problems import ProblemError, problems
from api.services import Services, ServicesDep
from api.stream.history import PAGE, Entry
from api.stream.messages import START, BadCursorError, position, with_cursor
from api.timelines.export import export
from api.timelines.negotiation import ExportRequestDep
from api.timelines.overview import OVERVIEW_SCHEMA, OverviewDocument
from api.timelines.ranges import From, Range, Requested, To, requested_range
from ingest.bus.keys import overview_key
from ingest.bus.timeline import SECONDS

router = APIRouter(prefix="/v1/timelines", tags=["timelines"])

LONGEST_OVERVIEW = 6 * 3600.0  # seconds
GZIP_LEVEL = 1  # takes half the time of the default level, for a tenth more bytes

EXPIRED = "what lay between the cursor and the first message is no longer kept: a sentence that says so"

PAGE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["source", "messages", "next", "more", "expired"],
    "properties": {
        "source": {"type": "string"},
        "messages": {"type": "array", "items": {"type": "object"}, "description": "as on the websocket"},
        "next": {"type": "string", "description": "the cursor to ask on from"},
        "more": {"type": "boolean", "description": "whether the page was full"},
        "expired": {"type": ["string", "null"], "description": EXPIRED},
    },
}
FILE_HEADERS = {
    "Next-Cursor": {"schema": {"type": "string"}, "description": "the cursor to ask on from (files)"},
    "Link": {"schema": {"type": "string"}, "description": "where the page was full, the next one (files)"},
    "Expired": {"schema": {"type": "string"}, "description": f"{EXPIRED} (files)"},
}


class CompressedJson(Response):
    """JSON that is compressed where the client accepts gzip."""

    media_type = "application/json"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        compressed = GZipMiddleware(super().__call__, minimum_size=0, compresslevel=GZIP_LEVEL)
        await compressed(scope, receive, send)


@router.get(
    "/{source}",
    response_class=Response,
    responses={
        200: {
            "content": {
                "application/json": {"schema": PAGE_SCHEMA},
                **{format.media_type: {} for format in REST_FORMATS.values()},
            },
            "headers": FILE_HEADERS,
        },
        **problems(404, 406, 422),
    },
)
async def get_timeline(
    source: str,
    services: ServicesDep,
    caller: CallerDep,
    request: Request,
    asked: Requested,
    export_request: ExportRequestDep,
) -> Response:
    """The messages of a source, the oldest first: a page of them as JSON, or as a file.

    csv and parquet have the readings, vtt the spans, jsonl and JSON every message. Without a limit a file is
    streamed up to what is there now; its Next-Cursor is where to go on later.
    """
    await services.known_source(source)
    try:
        expired = await services.history.check(source, asked.start)
    except BadCursorError as error:
        raise ProblemError(422, str(error)) from None
    if export_request.format == "json":
        await services.audit.note(caller, "timeline.read", source)
        return await _page(services, source, asked, export_request.limit or PAGE, expired)
    await services.audit.note(caller, "timeline.exported", source)
    headers = {"Content-Disposition": f'attachment; filename="{source}.{export_request.format}"'}
    if expired:
        headers["Expired"] = expired
    if export_request.limit is None:
        end = await services.history.last(source, asked.start, asked.end)
        pages = services.history.pages(source, asked.start, end)
    else:
        page = await _entries(services, source, asked, export_request.limit)
        end = page[-1][0] if page else asked.start
        pages = _only(page)
        if len(page) == export_request.limit:
            headers["Link"] = f'<{_next(request, end)}>; rel="next"'
    format = REST_FORMATS[export_request.format]
    start = None if asked.start == START else position(asked.start)[0]
    writer = format.new_writer(ExportOptions(export_request.layout, start=start))
    return StreamingResponse(
        export(writer, pages), media_type=format.media_type, headers=headers | {"Next-Cursor": end}
    )


@router.get(
    "/{source}/overview",
    response_class=Response,
    responses={200: {"content": {"application/json": {"schema": OVERVIEW_SCHEMA}}}, **problems(404, 422)},
)
async def get_timeline_overview(
    source: str,
    services: ServicesDep,
    caller: CallerDep,
    since: From = "-1h",
    to: To = None,
) -> Response:
    """Each face's seconds and the coverage, the last hour's where nothing else is asked for; at most 6 hours.

    The second that is not over yet is left out: messages after the cursor `until` tell it.
    """
    await services.known_source(source)
    asked = requested_range(since=since, to=to)
    if asked.length > LONGEST_OVERVIEW:
        raise ProblemError(422, f"expected a range of at most {LONGEST_OVERVIEW / 3600:g} hours")
    await services.audit.note(caller, "timeline.read", source)
    return CompressedJson(await _overview(services, source, asked))


async def _page(services: Services, source: str, asked: Range, limit: int, expired: str | None) -> Response:
    page = await _entries(services, source, asked, limit)
    messages = ",".join(with_cursor(body, cursor) for cursor, _, body in page)
    following = page[-1][0] if page else asked.start
    ends = {"source": source, "next": following, "more": len(page) == limit, "expired": expired}
    body = f'{{"messages":[{messages}],{json.dumps(ends)[1:]}'
    return Response(body, media_type="application/json")


async def _entries(services: Services, source: str, asked: Range, limit: int) -> list[Entry]:
    """Up to `limit` entries, read in pieces: others have their turn in between."""
    entries: list[Entry] = []
    async for page in services.history.pages(source, asked.start, asked.end, min(limit, PAGE)):
        entries += page
        if len(entries) >= limit:
            break
    return entries[:limit]


async def _only(page: list[Entry]) -> AsyncIterator[list[Entry]]:
    yield page


def _next(request: Request, cursor: str) -> str:
    """The same question, going on after `cursor`."""
    query = {name: value for name, value in request.query_params.items() if name not in ("after", "from")}
    return f"{request.url.path}?{urlencode(query | {'after': cursor})}"


async def _overview(services: Services, source: str, asked: Range) -> bytes:
    document, until, full = OverviewDocument(source), asked.start, True
    while full:
        page = await services.redis.xrange(overview_key(source), min=f"({until}", max=asked.end, count=PAGE)
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
