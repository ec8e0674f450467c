"""What the service says about access: who the caller is, tickets for browsers, and the audit log."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.access.caller import CallerDep, OperatorDep, Scope
from api.access.tickets import LONGEST_PATH, TicketError
from api.http.problems import ProblemError, problems
from api.services import ServicesDep
from api.stream.messages import BadCursorError, checked_cursor
from ingest.bus.source_config import DEFAULT_RATE, MAX_RATE, MIN_RATE
from ingest.bus.wire import rfc3339

router = APIRouter(prefix="/v1", tags=["access"])

PAGE, LARGEST_PAGE = 100, 1000  # notes


class RateRange(BaseModel):
    """Readings a second of a source or recording."""

    default: Annotated[float, Field(description="used where a request names none")] = DEFAULT_RATE
    min: Annotated[float, Field(description="a rate must be above this")] = MIN_RATE
    max: Annotated[float, Field(description="the highest rate")] = MAX_RATE


class Session(BaseModel):
    """The caller, and the settings that a client's forms need."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "front-desk",
                "scope": "view",
                "tokens": "required",
                "rate": {"default": 10.0, "min": 0.0, "max": 60.0},
            }
        }
    )

    name: Annotated[str, Field(description="name of the token; local where tokens are not required")]
    scope: Scope
    tokens: Annotated[Literal["open", "required"], Field(description="required: each request needs a token")]
    rate: RateRange = RateRange()


class WantedTicket(BaseModel):
    """What a ticket is to open."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"path": "/v1/sources/lobby/live"}}
    )

    path: Annotated[str, Field(max_length=LONGEST_PATH, description="without a query")]


class GivenTicket(BaseModel):
    """A ticket: to be put behind its path, once, as ?ticket=…"""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "ticket": "m2Yl6tGJ0b9mXq1lW7n5cQd4TzqY8rVh3kEoUu0sAaI",
                "expires_at": "2026-01-31T12:04:07.250Z",
            }
        }
    )

    ticket: str
    expires_at: str


class AuditNote(BaseModel):
    """One line of the audit log."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "cursor": "1769861047250-0",
                "at": "2026-01-31T12:04:07.250Z",
                "caller": "front-desk",
                "action": "live.watched",
                "subject": "lobby",
            }
        }
    )

    cursor: str
    at: str
    caller: Annotated[str, Field(description="the name of the token; local where none is asked for")]
    action: str
    subject: Annotated[str, Field(description="the id of a source or recording")]


class AuditPage(BaseModel):
    """A page of the audit log, the newest first."""

    notes: list[AuditNote]
    next: Annotated[str | None, Field(description="what to ask for as `before` next; null at the end")]


@router.get("/session")
async def get_session(caller: CallerDep, services: ServicesDep) -> Session:
    """Return the caller's name and scope, and the default rate with its limits."""
    return Session(name=caller.name, scope=caller.scope, tokens=services.settings.tokens)


@router.post("/tickets", status_code=201, responses=problems(422))
async def issue_ticket(
    wanted: WantedTicket, caller: CallerDep, services: ServicesDep, response: Response
) -> GivenTicket:
    """Leave to open one path, for what a browser opens without headers: websockets, pictures, videos.

    A websocket's ticket is good once, within a minute; any other for ten minutes.
    """
    try:
        ticket = await services.tickets.issue(caller, wanted.path)
    except TicketError as error:
        raise ProblemError(422, str(error), {"path": str(error)}) from None
    response.headers["Cache-Control"] = "no-store"
    return GivenTicket(ticket=ticket.text, expires_at=_rfc3339(ticket.expires_at))


@router.get("/audit", responses=problems(403, 422))
async def read_audit(
    caller: OperatorDep,
    services: ServicesDep,
    before: Annotated[str | None, Query(description="cursor: only what came before it")] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = PAGE,
) -> AuditPage:
    """Who watched, read and changed what; it needs the scope operate."""
    try:
        end = "+" if before is None else checked_cursor(before)
    except BadCursorError as error:
        raise ProblemError(422, str(error), {"before": str(error)}) from None
    await services.audit.note(caller, "audit.read", "audit")
    found = await services.audit.page(end, limit)
    notes = [
        AuditNote(
            cursor=note.cursor,
            at=_rfc3339(int(note.cursor.partition("-")[0]) / 1000),
            caller=note.caller,
            action=note.action,
            subject=note.subject,
        )
        for note in found
    ]
    return AuditPage(notes=notes, next=found[-1].cursor if len(found) == limit else None)


def _rfc3339(seconds: float) -> str:
    moment = rfc3339(datetime.fromtimestamp(seconds, UTC))
    assert moment is not None
    return moment
