"""The caller's session, tickets for browsers, and the audit log."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.access.caller import CallerDep, OperatorDep, Scope
from api.access.tickets import MAX_PATH_LENGTH, TicketError, TooManyTicketsError
from api.http.problems import ProblemError, problems
from api.http.root_path import without_root
from api.services import ServicesDep
from api.stream.messages import BadCursorError, checked_cursor
from ingest.bus.source_config import DEFAULT_RATE, MAX_RATE, MIN_RATE
from ingest.bus.wire import rfc3339

router = APIRouter(prefix="/v1", tags=["access"])

PAGE_SIZE, MAX_PAGE_SIZE = 100, 1000  # entries


class RateRange(BaseModel):
    """Readings a second of a source or recording."""

    default: Annotated[float, Field(description="used where a request names none")] = DEFAULT_RATE
    min: Annotated[float, Field(description="a rate must be above this")] = MIN_RATE
    max: Annotated[float, Field(description="the highest rate")] = MAX_RATE


class Session(BaseModel):
    """The caller, and the settings that a client's forms need."""

    name: Annotated[str, Field(description="name of the token; local where tokens are not required")]
    scope: Scope
    tokens: Annotated[Literal["open", "required"], Field(description="required: each request needs a token")]
    rate: RateRange = RateRange()


class TicketRequest(BaseModel):
    """The path that a ticket opens."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"path": "/v1/sources/lobby/live"}}
    )

    path: Annotated[str, Field(max_length=MAX_PATH_LENGTH, description="without a query")]


class IssuedTicket(BaseModel):
    """A ticket, to be appended to its path as ?ticket=…"""

    ticket: str
    expires_at: str


class AuditRecord(BaseModel):
    """One action of a caller."""

    cursor: str
    at: str
    caller: Annotated[str, Field(description="name of the token; local where tokens are not required")]
    action: str
    subject: Annotated[str, Field(description="the id of a source or recording")]


class AuditPage(BaseModel):
    """A page of the audit log, the newest action first."""

    notes: list[AuditRecord]
    next: Annotated[str | None, Field(description="pass as `before` to get the next page; null on the last")]


@router.get("/session")
async def get_session(caller: CallerDep, services: ServicesDep) -> Session:
    """Return the caller's name and scope, and the default rate with its limits."""
    return Session(name=caller.name, scope=caller.scope, tokens=services.settings.tokens)


@router.post("/tickets", status_code=201, responses=problems(422, 429))
async def issue_ticket(
    request: TicketRequest, caller: CallerDep, services: ServicesDep, response: Response
) -> IssuedTicket:
    """Issue a ticket that opens one path, for websockets, images and videos in browsers.

    A ticket for a websocket works once, within a minute; any other for ten minutes.
    """
    path = without_root(request.path, services.settings.root_path)
    try:
        ticket = await services.tickets.issue(caller, path)
    except TicketError as error:
        raise ProblemError(422, str(error), {"path": str(error)}) from None
    except TooManyTicketsError as error:
        raise ProblemError(429, str(error)) from None
    response.headers["Cache-Control"] = "no-store"
    return IssuedTicket(ticket=ticket.text, expires_at=_rfc3339(ticket.expires_at))


@router.get("/audit", responses=problems(403, 422))
async def read_audit(
    caller: OperatorDep,
    services: ServicesDep,
    before: Annotated[str | None, Query(description="cursor: return only older actions")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_SIZE)] = PAGE_SIZE,
) -> AuditPage:
    """Return callers' actions, the newest first. Needs the scope operate."""
    try:
        end = "+" if before is None else checked_cursor(before)
    except BadCursorError as error:
        raise ProblemError(422, str(error), {"before": str(error)}) from None
    await services.audit.record(caller, "audit.read", "audit")
    page = await services.audit.page(end, limit)
    notes = [
        AuditRecord(at=_rfc3339(int(entry.cursor.partition("-")[0]) / 1000), **asdict(entry))
        for entry in page
    ]
    return AuditPage(notes=notes, next=page[-1].cursor if len(page) == limit else None)


def _rfc3339(seconds: float) -> str:
    moment = rfc3339(datetime.fromtimestamp(seconds, UTC))
    assert moment is not None
    return moment
