"""REST of recordings: add, list, cancel and remove them."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.access.caller import CallerDep
from api.access.purposes import Ground, Purpose
from api.display_fields import TURN, AspectField, TurnField, turn_text
from api.http.problems import ProblemError, problems
from api.jobs.folder import job_folder, media_file
from api.recordings.intake import RecordingRequest, checked_name, new_id, new_job, with_purpose
from api.recordings.store import JobRecord, JobStore
from api.recordings.upload import uploaded
from api.recordings.view import RecordingView, view_of
from api.services import Services, ServicesDep
from api.sources.url import no_such_file
from ingest.bus.keys import JOBS
from ingest.bus.source_config import DEFAULT_RATE, Rate
from ingest.picture.options import Turn

router = APIRouter(prefix="/v1/recordings", tags=["recordings"])

PURPOSE = "the purpose of reading faces; required where tokens are required"
GROUND = "the purposes workplace and education are lawful only on one of these grounds"

EveryFrame = Literal["all"]
RecordingRate = Annotated[Rate | EveryFrame, Field(description="readings a second, or `all`: every frame")]


class NewRecording(BaseModel):
    """A file of the media folder to read."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"path": "interviews/monday.mp4", "rate": 10}}
    )

    path: Annotated[str, Field(min_length=1, max_length=2000, description="a file below the media folder")]
    name: Annotated[
        str | None, Field(max_length=200, description="for people (default: the file's name)")
    ] = None
    rate: RecordingRate = DEFAULT_RATE
    purpose: Annotated[Purpose | None, Field(description=PURPOSE)] = None
    ground: Annotated[Ground | None, Field(description=GROUND)] = None
    turn: TurnField = "0"
    aspect: AspectField = None


class LimitsView(BaseModel):
    """The largest recording that is accepted; clients check it before they upload."""

    size: Annotated[int, Field(description="bytes of an upload")]
    duration: Annotated[float, Field(description="seconds")]
    pixels: Annotated[int, Field(description="of a frame, width times height")]


@router.get("")
async def list_recordings(services: ServicesDep) -> list[RecordingView]:
    """Return all recordings, the newest first."""
    records = await JobStore(services.redis).all()
    return await asyncio.to_thread(lambda: [_view(services, each) for each in records])


@router.post("", status_code=201, responses=problems(422))
async def add_recording(
    new: NewRecording, services: ServicesDep, caller: CallerDep, response: Response
) -> RecordingView:
    """Add a file of the media folder; it stays where it is."""
    name = checked_name(new.name or new.path, "name" if new.name else "path")
    file = await asyncio.to_thread(media_file, services.settings.media, new.path)
    if file is None:
        missing = no_such_file(services.settings.media)
        raise ProblemError(422, missing, {"path": missing})
    path = str(file.relative_to(services.settings.media.resolve()))
    given = RecordingRequest(
        name, path, _rate(new.rate), new.purpose, new.ground, turn_text(new.turn), new.aspect
    )
    recording = with_purpose(given, services.settings)
    job = await new_job(new_id(), recording, file, services.settings.limits)
    await services.audit.record(caller, "recording.added", job.id)
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
    rate: Annotated[RecordingRate, Query()] = DEFAULT_RATE,
    purpose: Annotated[Purpose | None, Query(description=PURPOSE)] = None,
    ground: Annotated[Ground | None, Query(description=GROUND)] = None,
    turn: Annotated[Turn, Query(description=TURN)] = "0",
    aspect: Annotated[AspectField, Query()] = None,
) -> RecordingView:
    """Add a video file that is the body of the request."""
    given = RecordingRequest(checked_name(name), None, _rate(rate), purpose, ground, turn, aspect)
    recording = with_purpose(given, services.settings)
    id, limits = new_id(), services.settings.limits
    async with uploaded(request, job_folder(services.settings.data, id), limits) as file:
        job = await new_job(id, recording, file, limits)
        await services.audit.record(caller, "recording.added", id)
        record = await JobStore(services.redis).add(job)
    return _created(services, record, response)


@router.get("/limits")
async def get_limits(services: ServicesDep) -> LimitsView:
    """Return the limits of uploads and recordings."""
    limits = services.settings.limits
    return LimitsView(size=limits.upload, duration=limits.duration, pixels=limits.pixels)


@router.get("/{id}", responses=problems(404))
async def get_recording(id: str, services: ServicesDep) -> RecordingView:
    """Return a recording, its progress, and its result files."""
    record = await find_recording(services, id)
    return await asyncio.to_thread(_view, services, record)


@router.post("/{id}/cancel", responses=problems(404, 409))
async def cancel_recording(id: str, services: ServicesDep, caller: CallerDep) -> RecordingView:
    """Stop reading a recording; the results so far stay."""
    await find_recording(services, id)
    await services.audit.record(caller, "recording.cancelled", id)
    if not await JobStore(services.redis).cancel(id):
        raise ProblemError(409, "the recording cannot be cancelled: its reading is over")
    return _view(services, await find_recording(services, id))


@router.delete("/{id}", status_code=204, responses=problems(404))
async def remove_recording(id: str, services: ServicesDep, caller: CallerDep) -> None:
    """Delete a recording with its results; a file of the media folder stays there."""
    if not await services.redis.hexists(JOBS, id):  # also where this version cannot read the job
        raise no_recording(id)
    await services.audit.record(caller, "recording.removed", id)
    await JobStore(services.redis).remove(id)
    await asyncio.to_thread(job_folder(services.settings.data, id).remove)


async def find_recording(services: Services, id: str) -> JobRecord:
    """Return the recording. Raises a 404 problem if there is none."""
    record = await JobStore(services.redis).find(id)
    if record is None:
        raise no_recording(id)
    return record


def no_recording(id: str) -> ProblemError:
    return ProblemError(404, f"there is no recording {id[:80]!r}")


def _created(services: Services, record: JobRecord, response: Response) -> RecordingView:
    response.headers["Location"] = f"{services.settings.root_path}/v1/recordings/{record.job.id}"
    return _view(services, record)


def _view(services: Services, record: JobRecord) -> RecordingView:
    return view_of(record, job_folder(services.settings.data, record.job.id), services.settings.media)


def _rate(given: float | EveryFrame) -> float | None:
    return None if given == "all" else given
