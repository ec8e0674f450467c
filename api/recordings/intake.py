"""Makes a job of a file that somebody wants to have read."""

import asyncio
import time
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

from api.access.purposes import PurposeError, checked_purpose
from api.app_settings import AppSettings
from api.http.problems import ProblemError
from api.jobs.job import Job
from api.recordings.probing import RefusedError, probe
from api.settings import RecordingLimits

LONGEST_NAME = 200  # characters


@dataclass(frozen=True, slots=True)
class RecordingRequest:
    """What somebody wants to have read, and how."""

    name: str
    path: str | None  # below the media folder; None: it was uploaded
    rate: float | None  # readings a second; None: every frame
    purpose: str | None  # as given; None: not given
    ground: str | None


def new_id() -> str:
    return uuid.uuid4().hex[:12]


def checked_name(text: str, field: str = "name") -> str:
    """A file's name without the folders before it. Raises a 422 problem."""
    name = " ".join(text.replace("\\", "/").rpartition("/")[2].split())
    if not name or not name.isprintable() or len(name) > LONGEST_NAME:
        expected = f"expected a file's name of up to {LONGEST_NAME} printable characters"
        raise ProblemError(422, expected, {field: expected})
    return name


def lawful(wish: RecordingRequest, settings: AppSettings) -> RecordingRequest:
    """The wish with its purpose. Raises a 422 problem where that is missing or prohibited."""
    default = "personal" if settings.tokens == "open" else None
    try:
        return replace(wish, purpose=checked_purpose(wish.purpose, wish.ground, default))
    except PurposeError as error:
        raise ProblemError(422, f"purpose: {error}", {"purpose": str(error)}) from None


async def job_of(id: str, wish: RecordingRequest, file: Path, limits: RecordingLimits) -> Job:
    """Where the file can be read and is not too large; else raises a 422 problem."""
    assert wish.purpose is not None
    try:
        probed = await probe(file, limits)
    except RefusedError as error:
        field = "file" if wish.path is None else "path"
        raise ProblemError(422, f"{wish.name}: {error}", {field: str(error)}) from None
    status = await asyncio.to_thread(file.stat)
    return Job(
        id=id,
        name=wish.name,
        path=wish.path,
        rate=wish.rate,
        purpose=wish.purpose,
        ground=wish.ground,
        created_at=time.time(),
        size=status.st_size,
        modified=status.st_mtime_ns,
        media_type=probed.media_type,
        duration=probed.duration,
        width=probed.width,
        height=probed.height,
        start=probed.start,
    )
