"""Turns the request for a recording and its file into a job."""

import asyncio
import time
import uuid
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from api.access.purposes import PurposeError, checked_purpose
from api.app_settings import AppSettings
from api.http.problems import ProblemError
from api.jobs.job import Job
from api.recordings.probing import RefusedError, probe
from api.settings import RecordingLimits
from ingest.picture.options import DisplayOptions, Turn
from ingest.printable import printable

MAX_NAME = 200  # characters


@dataclass(frozen=True, slots=True)
class RecordingRequest:
    """A client's request to read a file."""

    name: str
    path: str | None  # below the media folder; None: the file is uploaded
    rate: float | None  # readings a second; None: every frame
    purpose: str | None  # None: not given
    ground: str | None
    turn: Turn = "0"
    aspect: str | None = None


def new_id() -> str:
    return uuid.uuid4().hex[:12]


def checked_name(text: str, field: str = "name") -> str:
    """The name of a file without its folders. Raises a 422 problem."""
    name = " ".join(printable(text.replace("\\", "/").rpartition("/")[2]).split())
    if not name or len(name) > MAX_NAME:
        detail = f"a file name must have 1 to {MAX_NAME} characters"
        raise ProblemError(422, detail, {field: detail})
    return name


def with_purpose(request: RecordingRequest, settings: AppSettings) -> RecordingRequest:
    """The request with its purpose. Raises a 422 problem where that is missing or prohibited."""
    default = "personal" if settings.tokens == "open" else None
    try:
        return replace(request, purpose=checked_purpose(request.purpose, request.ground, default))
    except PurposeError as error:
        raise ProblemError(422, f"purpose: {error}", {"purpose": str(error)}) from None


async def new_job(id: str, request: RecordingRequest, file: Path, limits: RecordingLimits) -> Job:
    """The job for a file. Raises a 422 problem where the file is not readable or beyond the limits."""
    try:
        probed = await probe(file, limits, DisplayOptions(request.turn, request.aspect))
    except RefusedError as error:
        field = "file" if request.path is None else "path"
        raise ProblemError(422, f"{request.name}: {error}", {field: str(error)}) from None
    status = await asyncio.to_thread(file.stat)
    return Job(
        id=id,
        created_at=time.time(),
        size=status.st_size,
        modified=status.st_mtime_ns,
        **asdict(request),
        **asdict(probed),
    )
