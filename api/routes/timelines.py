"""Timelines in pages, as files and as an overview."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

from api.access.caller import CallerDep
from api.exports.formats import REST_FORMATS
from api.exports.writer import ExportOptions
from api.http.peer import cut_connection
from api.http.problems import ProblemError, problems
from api.services import Services, ServicesDep
from api.stream.history import PAGE_SIZE, Entry, ExpiredError
from api.stream.messages import START, BadCursorError, position, with_cursor
from api.timelines.export import export
from api.timelines.negotiation import ExportRequest, ExportRequestDep
from api.timelines.overview import OVERVIEW_SCHEMA, OverviewDocument
from api.timelines.ranges import CursorRange, From, RangeDep, To, requested_range
from ingest.bus.keys import overview_key
from ingest.bus.timeline import SECONDS
from ingest.plain_name import plain_name

router = APIRouter(prefix="/v1/timelines", tags=["timelines"])

log = logging.getLogger(__name__)

MAX_OVERVIEW = 6 * 3600.0  # seconds
GZIP_LEVEL = 1  # takes half the time of the default level, for a tenth more bytes

EXPIRED = "a sentence if messages between the cursor and the first message have been deleted"

PAGE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["source", "messages", "next", "more", "expired"],
    "properties": {
        "source": {"type": "string"},
        "messages": {"type": "array", "items": {"type": "object"}, "description": "as on the websocket"},
        "next": {"type": "string", "description": "cursor to continue after"},
        "more": {"type": "boolean", "description": "true if the page is full"},
        "expired": {"type": ["string", "null"], "description": EXPIRED},
    },
}
FILE_HEADERS = {
    "Next-Cursor": {"schema": {"type": "string"}, "description": "cursor to continue after (files)"},
    "Link": {"schema": {"type": "string"}, "description": "the next page, if this one is full (files)"},
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
    cursors: RangeDep,
    export_request: ExportRequestDep,
) -> Response:
    """Return the messages of a source, the oldest first, as a page of JSON or as a file.

    csv and parquet contain the readings, vtt the spans, jsonl and JSON all messages. Without a limit the file
    ends with the newest message; the header Next-Cursor holds the cursor to continue after.
    """
    await services.known_source(source)
    try:
        expired = await services.history.check(source, cursors.start)
    except BadCursorError as error:
        raise ProblemError(422, str(error)) from None
    if export_request.format == "json":
        await services.audit.record(caller, "timeline.read", source)
        return await _page(services, source, cursors, export_request.limit or PAGE_SIZE, expired)
    await services.audit.record(caller, "timeline.exported", source)
    response = await _file(services, source, cursors, export_request, request)
    if expired:
        response.headers["Expired"] = expired
    return response


@router.get(
    "/{source}/overview",
    response_class=Response,
    responses={200: {"content": {"application/json": {"schema": OVERVIEW_SCHEMA}}}, **problems(404, 422)},
)
async def get_timeline_overview(
    source: str, services: ServicesDep, caller: CallerDep, since: From = "-1h", to: To = None
) -> Response:
    """Return each face's seconds and the coverage of a range of at most 6 hours, by default the last hour.

    The current second is left out: the messages after the cursor `until` contain it.
    """
    await services.known_source(source)
    cursors = requested_range(since=since, to=to)
    if cursors.length > MAX_OVERVIEW:
        raise ProblemError(422, f"the range must have at most {MAX_OVERVIEW / 3600:g} hours")
    await services.audit.record(caller, "timeline.read", source)
    return CompressedJson(await _overview(services, source, cursors))


async def _file(
    services: Services, source: str, cursors: CursorRange, export_request: ExportRequest, request: Request
) -> Response:
    filename = quote(plain_name(source, f".{export_request.format}"))
    headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
    if export_request.limit is None:
        end = await services.history.last(source, cursors.start, cursors.end)
        pages = services.history.pages_up_to(source, cursors.start, end)
    else:
        page, more = await _entries(services, source, cursors, export_request.limit)
        end = page[-1][0] if page else cursors.start
        pages = _only(page)
        if more:
            headers["Link"] = f'<{_url_after(request, end)}>; rel="next"'
    headers["Next-Cursor"] = end
    format = REST_FORMATS[export_request.format]
    start = None if cursors.start == START else position(cursors.start)[0]
    writer = format.new_writer(ExportOptions(export_request.layout, start=start))
    content = _whole(export(writer, pages), source, request)
    return StreamingResponse(content, media_type=format.media_type, headers=headers)


async def _whole(content: AsyncIterator[bytes], source: str, request: Request) -> AsyncIterator[bytes]:
    """Yield the file, and cut the connection where messages expire before they are read: it has a hole."""
    try:
        async for data in content:
            yield data
    except ExpiredError as gap:
        log.warning("an export of %s is broken off: %s", source, gap)
        cut_connection(request.scope)


async def _page(
    services: Services, source: str, cursors: CursorRange, limit: int, expired: str | None
) -> Response:
    page, more = await _entries(services, source, cursors, limit)
    messages = ",".join(with_cursor(body, cursor) for cursor, _, body in page)
    end = page[-1][0] if page else cursors.start
    fields = {"source": source, "next": end, "more": more, "expired": expired}
    body = f'{{"messages":[{messages}],{json.dumps(fields)[1:]}'  # messages are stored as JSON
    return Response(body, media_type="application/json")


async def _entries(
    services: Services, source: str, cursors: CursorRange, limit: int
) -> tuple[list[Entry], bool]:
    """Read up to `limit` entries, in pages, so that other requests run in between.

    Return also whether more may follow: also after a gap, of which the request for the next page learns.
    """
    entries: list[Entry] = []
    try:
        async for page in services.history.pages(source, cursors.start, cursors.end, min(limit, PAGE_SIZE)):
            entries += page
            if len(entries) >= limit:
                break
    except ExpiredError:
        return entries, True
    return entries[:limit], len(entries) >= limit


async def _only(page: list[Entry]) -> AsyncIterator[list[Entry]]:
    yield page


def _url_after(request: Request, cursor: str) -> str:
    """Return the URL of the same request, continued after `cursor`."""
    query = {name: value for name, value in request.query_params.items() if name not in ("after", "from")}
    path = request.scope["root_path"] + request.url.path
    return f"{path}?{urlencode(query | {'after': cursor})}"


async def _overview(services: Services, source: str, cursors: CursorRange) -> bytes:
    document, until = OverviewDocument(source), cursors.start
    pages = services.history.pages(source, cursors.start, cursors.end, key=overview_key)
    with suppress(ExpiredError):  # the document ends at `until`, from which clients continue
        async for page in pages:
            for _, kind, body in page:
                if kind == SECONDS.encode():
                    document.add_seconds(body)
                else:
                    document.add_coverage(json.loads(body), "started_at", "ended_at")
            until = page[-1][0]
    # The engine commits an ended second together with the first reading of the next one.
    return await document.text(until=f"{max(0, position(until)[0] - 1)}-0")
