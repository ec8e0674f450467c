"""The JSON of a recording in REST."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from api.display_fields import ASPECT, TURN
from api.jobs.folder import JobFolder, media_file
from api.jobs.job import Job, JobStatus, State
from api.recordings.store import JobRecord
from api.results.names import RESULT_FILES
from ingest.bus.wire import rfc3339
from ingest.picture.options import Turn

PLAYER_TURN = (
    "the turn from the picture in a browser, which applies what the container declares, to that shown"
)


class ResultFile(BaseModel):
    """A result file to download."""

    name: str
    size: Annotated[int, Field(description="bytes")]


class RecordingView(BaseModel):
    """A recording and the progress of its reading."""

    id: str
    name: str
    kind: Literal["video", "picture"]
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
    turn: Annotated[Turn, Field(description=TURN)]
    aspect: Annotated[str | None, Field(description=ASPECT)]
    player_turn: Annotated[Turn, Field(description=PLAYER_TURN)]
    size: Annotated[int, Field(description="bytes of the video")]
    purpose: str
    ground: str | None
    files: list[ResultFile]
    has_video: Annotated[bool, Field(description="whether the video can still be played")]


def view_of(record: JobRecord, folder: JobFolder, media: Path) -> RecordingView:
    job, status = record.job, record.status
    duration = job.duration if status.duration is None else status.duration
    shown: dict[str, Any] = {
        "kind": job.kind,
        "created_at": _rfc3339_or_none(job.created_at),
        "started_at": _rfc3339_or_none(status.started_at),
        "ended_at": _rfc3339_or_none(status.ended_at),
        "duration": duration,
        "progress": _progress(status, duration),
        "eta": _eta(status, duration),
        "rate": "all" if job.rate is None else job.rate,
        "files": files_of(folder),
        "has_video": video_of(job, folder, media) is not None,
    }
    return RecordingView(**(asdict(job) | asdict(status) | shown))


def files_of(folder: JobFolder) -> list[ResultFile]:
    """Return the result files, in the order of RESULT_FILES."""
    paths = [folder.results / name for name in RESULT_FILES]
    return [ResultFile(name=path.name, size=path.stat().st_size) for path in paths if path.is_file()]


def video_of(job: Job, folder: JobFolder, media: Path) -> Path | None:
    """Return the video file; None if it was deleted."""
    if job.path is not None:
        return media_file(media, job.path)
    return folder.video if folder.video.is_file() else None


def _progress(status: JobStatus, duration: float | None) -> float:
    if status.state == "completed":
        return 1.0
    return round(min(1.0, status.position / duration), 4) if duration else 0.0


def _eta(status: JobStatus, duration: float | None) -> float | None:
    if not (status.state == "running" and status.speed and duration):
        return None
    return round(max(0.0, duration - status.position) / status.speed, 1)


def _rfc3339_or_none(seconds: float | None) -> str | None:
    return None if seconds is None else rfc3339(datetime.fromtimestamp(seconds, UTC))
