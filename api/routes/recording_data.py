"""REST of one recording's data: its timeline, overview, video and result files."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, TypeVar

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse

from api.access.caller import CallerDep
from api.http.problems import ProblemError, problems
from api.jobs.checkpoint import BadCheckpointError
from api.jobs.folder import job_folder
from api.recordings import sandbox
from api.recordings.clocked_file import ClockedFile
from api.recordings.overview import read_overview
from api.recordings.store import JobRecord
from api.recordings.time_slice import read_time_slice
from api.recordings.view import video_of
from api.results.names import RESULT_FILES
from api.routes.recordings import find_recording, no_recording
from api.services import Services, ServicesDep
from api.timelines.overview import OVERVIEW_SCHEMA
from engine.stored import BadLineError
from ingest.picture.options import DisplayOptions
from ingest.plain_name import plain_name

router = APIRouter(prefix="/v1/recordings/{id}", tags=["recordings"])

MAX_SLICE = 60.0  # seconds

T = TypeVar("T")

log = logging.getLogger(__name__)

ResultName: TypeAlias = Literal[*RESULT_FILES]  # type: ignore[valid-type]

SLICE_SCHEMA = {
    "type": "object",
    "required": ["readings", "spans", "coverage", "until"],
    "properties": {
        "readings": {"type": "array", "items": {"type": "object"}, "description": "messages, in order"},
        "spans": {"type": "array", "items": {"type": "object"}, "description": "that overlap the time"},
        "coverage": {"type": "array", "items": {"type": "object"}, "description": "likewise"},
        "until": {"type": "number", "description": "seconds that have been read"},
    },
}

Moment = Annotated[float, Query(ge=0, le=1e9, allow_inf_nan=False)]


@router.get(
    "/timeline",
    response_class=Response,
    responses={200: {"content": {"application/json": {"schema": SLICE_SCHEMA}}}, **problems(404, 409, 422)},
)
async def get_time_slice(
    id: str,
    services: ServicesDep,
    caller: CallerDep,
    start: Annotated[Moment, Query(alias="from", description="seconds")] = 0.0,
    end: Annotated[Moment | None, Query(alias="to", description="seconds; a minute later at most")] = None,
) -> Response:
    """Return the readings of up to a minute, and the spans and coverage that overlap it."""
    record = await find_recording(services, id)
    until = start + MAX_SLICE if end is None else end
    if not start < until <= start + MAX_SLICE:
        detail = f"must be at most {MAX_SLICE:g} s after `from`"
        raise ProblemError(422, f"to: {detail}", {"to": detail})
    await services.audit.record(caller, "recording.read", id)
    parts = job_folder(services.settings.data, id).parts
    time_slice = await _read_log(id, lambda: read_time_slice(parts, record.job.name, start, until))
    return Response(time_slice.text(), media_type="application/json")


@router.get(
    "/overview",
    response_class=Response,
    responses={200: {"content": {"application/json": {"schema": OVERVIEW_SCHEMA}}}, **problems(404, 409)},
)
async def get_overview(id: str, services: ServicesDep, caller: CallerDep) -> Response:
    """Return an overview of the whole recording: each face's seconds, in ms of the recording."""
    record = await find_recording(services, id)
    await services.audit.record(caller, "recording.read", id)
    parts = job_folder(services.settings.data, id).parts
    document, until = await _read_log(id, lambda: read_overview(parts, record.job.name))
    return Response(await document.text(until), media_type="application/json")


@router.get("/video", response_class=FileResponse, responses=problems(404))
async def get_video(id: str, services: ServicesDep, caller: CallerDep) -> FileResponse:
    """Return the video file, with range requests. The clock of an MP4 that begins late is set to 0 in it."""
    record = await find_recording(services, id)
    file = await _file_of(services, record)
    await services.audit.record(caller, "recording.read", id)
    response = ClockedFile if record.job.shift else FileResponse
    filename = plain_name(record.job.name)
    return response(
        file, media_type=record.job.media_type, filename=filename, content_disposition_type="inline"
    )


@router.get(
    "/picture",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, **problems(404, 409)},
)
async def get_picture(id: str, services: ServicesDep, caller: CallerDep) -> Response:
    """Return a picture as mien reads it, upright, as a JPEG that every browser shows."""
    record = await find_recording(services, id)
    file = await _file_of(services, record)
    if record.job.kind != "picture":
        raise ProblemError(409, f"{record.job.name} is a video")
    await services.audit.record(caller, "recording.read", id)
    display = DisplayOptions(record.job.turn, record.job.aspect, max_pixels=services.settings.limits.pixels)
    jpeg = await sandbox.run("ingest.files.upright", file, display)
    if not jpeg:
        raise ProblemError(404, f"{record.job.name} can no longer be decoded")
    return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


async def _file_of(services: Services, record: JobRecord) -> Path:
    """Return the file of a recording. Raises a 404 problem if it was deleted."""
    folder = job_folder(services.settings.data, record.job.id)
    file = await asyncio.to_thread(video_of, record.job, folder, services.settings.media)
    if file is None:
        raise ProblemError(404, f"the video of {record.job.name} no longer exists")
    return file


@router.get("/files/{name}", response_class=FileResponse, responses=problems(404, 422))
async def get_file(id: str, name: ResultName, services: ServicesDep, caller: CallerDep) -> FileResponse:
    """Return a result file; it exists once the recording has been read."""
    record = await find_recording(services, id)
    file = job_folder(services.settings.data, id).results / name
    if not await asyncio.to_thread(file.is_file):
        raise ProblemError(404, f"{record.job.name} has no {name} yet: it is {record.status.state}")
    await services.audit.record(caller, "recording.downloaded", f"{id}/{name}")
    stem = record.job.name.rpartition(".")[0] or record.job.name
    return FileResponse(file, media_type=RESULT_FILES[name], filename=plain_name(stem, f" {name}"))


async def _read_log(id: str, read: Callable[[], T]) -> T:
    """Read the event log in a thread. Raises a 404 problem, or a 409 problem for another version's log."""
    try:
        return await asyncio.to_thread(read)
    except FileNotFoundError:  # the recording was removed while it was read
        raise no_recording(id) from None
    except (BadCheckpointError, BadLineError) as error:
        log.warning("%s: %s", id, error)
        detail = "its readings were written by another version of mien: add the recording again"
        raise ProblemError(409, detail) from None
