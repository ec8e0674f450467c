"""A recording that is read as a job: the request, the job's status, and the form of both in Redis."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeVar

from ingest.picture.options import Turn

GROUP = "workers"  # the consumer group of the queue

State = Literal["queued", "running", "completed", "aborted", "error"]
OVER: tuple[State, ...] = ("completed", "aborted", "error")


class BadJobError(Exception):
    """Redis holds something that is no job of this version; the message is one line."""


class JobError(Exception):
    """A job cannot be read, or not further; the message is one line for its owner."""


@dataclass(frozen=True, slots=True)
class Job:
    """A file to read, and the client's choices."""

    id: str
    name: str
    path: str | None  # of the file, below the media folder; None: it was uploaded
    rate: float | None  # readings a second; None: every frame
    purpose: str
    ground: str | None
    created_at: float  # seconds since the epoch
    size: int  # bytes
    modified: int  # ns since the epoch: a file that was changed since then is not read
    media_type: str
    duration: float | None  # seconds, from the container
    width: int  # pixels
    height: int
    start: float = 0.0  # seconds; the player's time at media time 0
    shift: float = 0.0  # seconds by which the clock is set back for the player
    turn: Turn = "0"  # after the turn that the video declares
    aspect: str | None = None  # width:height of the picture as shown; None: as the video declares


@dataclass(frozen=True, slots=True)
class JobStatus:
    """The progress of a job, and its result."""

    state: State = "queued"
    reason: str = ""
    attempt: int = 0  # number of times the job was claimed; only the newest attempt may report
    entry: str = ""  # its ID in the queue
    started_at: float | None = None  # seconds since the epoch
    ended_at: float | None = None
    duration: float | None = None  # seconds, measured; None until the recording has been read
    position: float = 0.0  # seconds that have been read
    speed: float | None = None  # times real time
    faces: int = 0
    readings: int = 0
    fruitless: int = 0  # attempts in a row whose reader died before its first checkpoint


Record = TypeVar("Record", Job, JobStatus)


def encode_job(job: Job) -> str:
    return json.dumps(asdict(job))


def decode_job(text: bytes) -> Job:
    """Decode a job; raises BadJobError."""
    return _decode(Job, lambda: dict(json.loads(text)))


def encode_status(changes: Mapping[str, Any]) -> list[str]:
    """Field, value, field, value, as HSET takes them."""
    return [part for name, value in changes.items() for part in (name, json.dumps(value))]


def decode_status(stored: Mapping[bytes, bytes]) -> JobStatus:
    """Decode a job's status; raises BadJobError."""
    return _decode(JobStatus, lambda: {name.decode(): json.loads(value) for name, value in stored.items()})


def _decode(kind: type[Record], values: Callable[[], dict[str, Any]]) -> Record:
    """A record from the fields that this version knows; those of newer versions are left out."""
    known = {field.name for field in fields(kind)}
    try:
        return kind(**{name: value for name, value in values().items() if name in known})
    except (ValueError, TypeError) as error:
        raise BadJobError(f"{kind.__name__} of another version of mien: {error}") from None
