"""A recording as the API shows it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field

from api.jobs.folder import RESULTS, JobFolder, media_file
from api.jobs.job import State
from api.jobs.register import Known
from ingest.bus.wire import rfc3339


class ResultFile(BaseModel):
    """A file to download."""

    name: str
    size: Annotated[int, Field(description="bytes")]


class RecordingView(BaseModel):
    """A recording, and how far it is read."""

    id: str
    name: str
    state: State
    reason: Annotated[str, Field(description="why it failed, or what it waits for; empty otherwise")]
    created_at: str
    started_at: str | None
    ended_at: str | None
    start: Annotated[float, Field(description="seconds that a player shows where the readings begin at 0")]
    duration: Annotated[float | None, Field(description="seconds; null: not known yet")]
    position: Annotated[float, Field(description="seconds that are read")]
    progress: Annotated[float, Field(ge=0, le=1)]
    speed: Annotated[float | None, Field(description="times real time")]
    eta: Annotated[float | None, Field(description="seconds until it is read, as it looks now")]
    faces: int
    readings: int
    rate: Annotated[float | str, Field(description="readings a second, or `all`")]
    width: Annotated[int, Field(description="pixels")]
    height: int
    size: Annotated[int, Field(description="bytes of the video")]
    purpose: str
    ground: str | None
    files: list[ResultFile]
    has_video: Annotated[bool, Field(description="whether the video is still there to be played")]


def shown(known: Known, folder: JobFolder, media: Path) -> RecordingView:
    job, standing = known.job, known.standing
    duration = standing.duration if standing.duration is not None else job.duration
    return RecordingView(
        id=job.id,
        name=job.name,
        state=standing.state,
        reason=standing.reason,
        created_at=_rfc3339_or_none(job.created_at) or "",
        started_at=_rfc3339_or_none(standing.started_at),
        ended_at=_rfc3339_or_none(standing.ended_at),
        start=job.start,
        duration=duration,
        position=standing.position,
        progress=_progress(known, duration),
        speed=standing.speed,
        eta=_eta(known, duration),
        faces=standing.faces,
        readings=standing.readings,
        rate="all" if job.rate is None else job.rate,
        width=job.width,
        height=job.height,
        size=job.size,
        purpose=job.purpose,
        ground=job.ground,
        files=files_of(folder),
        has_video=video_of(known, folder, media) is not None,
    )


def files_of(folder: JobFolder) -> list[ResultFile]:
    """The results that are there, in the order of their list."""
    paths = [folder.results / name for name in RESULTS]
    return [ResultFile(name=path.name, size=path.stat().st_size) for path in paths if path.is_file()]


def video_of(known: Known, folder: JobFolder, media: Path) -> Path | None:
    """The video itself, if it is there."""
    if known.job.path is not None:
        return media_file(media, known.job.path)
    return folder.video if folder.video.is_file() else None


def _progress(known: Known, duration: float | None) -> float:
    if known.standing.state == "completed":
        return 1.0
    return round(min(1.0, known.standing.position / duration), 4) if duration else 0.0


def _eta(known: Known, duration: float | None) -> float | None:
    speed, running = known.standing.speed, known.standing.state == "running"
    if not (running and speed and duration):
        return None
    return round(max(0.0, duration - known.standing.position) / speed, 1)


def _rfc3339_or_none(seconds: float | None) -> str | None:
    return None if seconds is None else rfc3339(datetime.fromtimestamp(seconds, UTC))
