"""Recordings: upload one or name one of the media folder, see how far it is read, cancel, remove."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.access.caller import CallerDep
from api.access.purposes import Ground, Purpose
from api.http.problems import ProblemError, problems
from api.jobs.folder import job_folder, media_file
from api.jobs.job import JOBS
from api.recordings.intake import RecordingRequest, checked_name, job_of, lawful, new_id
from api.recordings.store import JobRecord, JobStore
from api.recordings.upload import uploaded
from api.recordings.view import RecordingView, shown
from api.services import Services, ServicesDep
from api.sources.url import no_such_file

router = APIRouter(prefix="/v1/recordings", tags=["recordings"])


WHY = "why faces are read; must be given where tokens are asked for"
LAWFUL = "what alone makes the purposes workplace and education lawful"

EveryFrame = Literal["all"]
Number = Annotated[float, Field(gt=0, le=60, allow_inf_nan=False)]
Rate = Annotated[Number | EveryFrame, Field(description="readings a second, or `all`: every frame")]


class NewRecording(BaseModel):
    """A file of the media folder that is to be read."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"path": "interviews/monday.mp4", "rate": 10}}
    )

    path: Annotated[str, Field(min_length=1, max_length=2000, description="of a file in the media folder")]
    name: Annotated[str | None, Field(max_length=200, description="for people; the file's, if not given")] = (
        None
    )
    rate: Rate = 10.0
    purpose: Annotated[Purpose | None, Field(description=WHY)] = None
    ground: Annotated[Ground | None, Field(description=LAWFUL)] = None


class LimitsView(BaseModel):
    """What a recording may have at the most, so that nobody sends for an hour what is then refused."""

    size: Annotated[int, Field(description="bytes of an upload")]
    duration: Annotated[float, Field(description="seconds")]
    pixels: Annotated[int, Field(description="of a picture, width times height")]


@router.get("")
async def list_recordings(services: ServicesDep) -> list[RecordingView]:
    """All recordings, the newest first."""
    records = await JobStore(services.redis).all()
    return await asyncio.to_thread(lambda: [_shown(services, each) for each in records])


@router.post("", status_code=201, responses=problems(422))
async def add_recording(
    new: NewRecording, services: ServicesDep, caller: CallerDep, response: Response
) -> RecordingView:
    """Has a file of the media folder read; it stays where it is."""
    name = checked_name(new.name or new.path, "name" if new.name else "path")
    file = await asyncio.to_thread(media_file, services.settings.media, new.path)
    if file is None:
        missing = no_such_file(services.settings.media)
        raise ProblemError(422, missing, {"path": missing})
    path = str(file.relative_to(services.settings.media.resolve()))
    wish = RecordingRequest(name, path, _rate(new.rate), new.purpose, new.ground)
    job = await job_of(new_id(), lawful(wish, services.settings), file, services.settings.limits)
    await services.audit.note(caller, "recording.added", job.id)
    await asyncio.to_thread(job_folder(services.settings.data, job.id).path.mkdir, parents=True)
    return _created(services, await JobStore(services.redis).add(job), response)


@router.post(
    "/upload",
    status_code=201,
    responses=problems(413, 422, 507),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def upload_recording(
    request: Request,
    services: ServicesDep,
    caller: CallerDep,
    response: Response,
    name: Annotated[str, Query(max_length=2000, description="the file's name, for people")],
    rate: Annotated[Rate, Query()] = 10.0,
    purpose: Annotated[Purpose | None, Query(description=WHY)] = None,
    ground: Annotated[Ground | None, Query(description=LAWFUL)] = None,
) -> RecordingView:
    """Has a video file read that comes as the body of the request."""
    wish = lawful(RecordingRequest(checked_name(name), None, _rate(rate), purpose, ground), services.settings)
    id = new_id()
    limits = services.settings.limits
    async with uploaded(request, job_folder(services.settings.data, id), limits) as file:
        job = await job_of(id, wish, file, limits)
        await services.audit.note(caller, "recording.added", id)
        record = await JobStore(services.redis).add(job)
    return _created(services, record, response)


@router.get("/limits")
async def get_limits(services: ServicesDep) -> LimitsView:
    """How large a recording may be."""
    limits = services.settings.limits
    return LimitsView(size=limits.upload, duration=limits.duration, pixels=limits.pixels)


@router.get("/{id}", responses=problems(404))
async def get_recording(id: str, services: ServicesDep) -> RecordingView:
    """A recording, how far it is read, and what there is to download."""
    record = await find_recording(services, id)
    return await asyncio.to_thread(_shown, services, record)


@router.post("/{id}/cancel", responses=problems(404, 409))
async def cancel_recording(id: str, services: ServicesDep, caller: CallerDep) -> RecordingView:
    """Stops the reading; what was read stays."""
    await find_recording(services, id)
    await services.audit.note(caller, "recording.cancelled", id)
    if not await JobStore(services.redis).cancel(id):
        raise ProblemError(409, "there is nothing to cancel: it is over already")
    return _shown(services, await find_recording(services, id))


@router.delete("/{id}", status_code=204, responses=problems(404))
async def remove_recording(id: str, services: ServicesDep, caller: CallerDep) -> None:
    """Deletes a recording with all that was made of it; a file of the media folder stays there."""
    if not await services.redis.hexists(JOBS, id):  # it need not be readable
        raise no_recording(id)
    await services.audit.note(caller, "recording.removed", id)
    await JobStore(services.redis).remove(id)
    await asyncio.to_thread(job_folder(services.settings.data, id).remove)


async def find_recording(services: Services, id: str) -> JobRecord:
    """Raises a 404 problem if there is none of this id."""
    record = await JobStore(services.redis).find(id)
    if record is None:
        raise no_recording(id)
    return record


def no_recording(id: str) -> ProblemError:
    return ProblemError(404, f"there is no recording {id[:80]!r}")


def _created(services: Services, record: JobRecord, response: Response) -> RecordingView:
    response.headers["Location"] = f"/v1/recordings/{record.job.id}"
    return _shown(services, record)


def _shown(services: Services, record: JobRecord) -> RecordingView:
    return shown(record, job_folder(services.settings.data, record.job.id), services.settings.media)


def _rate(given: float | EveryFrame) -> float | None:
    return None if given == "all" else given
