"""The JSON of a recording in REST."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field

from api.jobs.folder import JobFolder, media_file
from api.jobs.job import State
from api.recordings.store import JobRecord
from api.results.names import RESULT_FILES
from ingest.bus.wire import rfc3339


class ResultFile(BaseModel):
    """A result file to download."""

    name: str
    size: Annotated[int, Field(description="bytes")]


class RecordingView(BaseModel):
    """A recording and the progress of its reading."""

    id: str
    name: str
    state: State
    reason: Annotated[str, Field(description="why it failed or is slow; empty otherwise")]
    created_at: str
    started_at: str | None
    ended_at: str | None
    start: Annotated[float, Field(description="the player's time, in seconds, at media time 0")]
    duration: Annotated[float | None, Field(description="seconds; null: not known yet")]
    position: Annotated[float, Field(description="seconds that have been read")]
    progress: Annotated[float, Field(ge=0, le=1)]
    speed: Annotated[float | None, Field(description="times real time")]
    eta: Annotated[float | None, Field(description="seconds until it has been read, estimated")]
    faces: int
    readings: int
    rate: Annotated[float | str, Field(description="readings a second, or `all`")]
    width: Annotated[int, Field(description="pixels")]
    height: int
    size: Annotated[int, Field(description="bytes of the video")]
    purpose: str
    ground: str | None
    files: list[ResultFile]
    has_video: Annotated[bool, Field(description="whether the video can still be played")]


def view_of(record: JobRecord, folder: JobFolder, media: Path) -> RecordingView:
    job, status = record.job, record.status
    duration = status.duration if status.duration is not None else job.duration
    return RecordingView(
        id=job.id,
        name=job.name,
        state=status.state,
        reason=status.reason,
        created_at=_rfc3339_or_none(job.created_at) or "",
        started_at=_rfc3339_or_none(status.started_at),
        ended_at=_rfc3339_or_none(status.ended_at),
        start=job.start,
        duration=duration,
        position=status.position,
        progress=_progress(record, duration),
        speed=status.speed,
        eta=_eta(record, duration),
        faces=status.faces,
        readings=status.readings,
        rate="all" if job.rate is None else job.rate,
        width=job.width,
        height=job.height,
        size=job.size,
        purpose=job.purpose,
        ground=job.ground,
        files=files_of(folder),
        has_video=video_of(record, folder, media) is not None,
    )


def files_of(folder: JobFolder) -> list[ResultFile]:
    """The result files, in the order of RESULT_FILES."""
    paths = [folder.results / name for name in RESULT_FILES]
    return [ResultFile(name=path.name, size=path.stat().st_size) for path in paths if path.is_file()]


def video_of(record: JobRecord, folder: JobFolder, media: Path) -> Path | None:
    """The video file; None where it is gone."""
    if record.job.path is not None:
        return media_file(media, record.job.path)
    return folder.video if folder.video.is_file() else None


def _progress(record: JobRecord, duration: float | None) -> float:
    if record.status.state == "completed":
        return 1.0
    return round(min(1.0, record.status.position / duration), 4) if duration else 0.0


def _eta(record: JobRecord, duration: float | None) -> float | None:
    speed, running = record.status.speed, record.status.state == "running"
    if not (running and speed and duration):
        return None
    return round(max(0.0, duration - record.status.position) / speed, 1)


def _rfc3339_or_none(seconds: float | None) -> str | None:
    return None if seconds is None else rfc3339(datetime.fromtimestamp(seconds, UTC))
