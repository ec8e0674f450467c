"""A recording that is to be read: what was asked for, how it stands, and how both lie in Redis.

jobs           hash     id to Job as JSON: what was asked for; it never changes
{jobs}:ID      hash     how it stands: the fields of JobStatus, each as JSON
{jobs}:queue   stream   one entry with the id for each job that is not over; read through the group `workers`

In a Redis Cluster all of them lie on one server: see ingest.bus.keys.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

JOBS = "jobs"
QUEUE = "{jobs}:queue"
GROUP = "workers"

State = Literal["queued", "running", "completed", "aborted", "error"]
OVER: tuple[State, ...] = ("completed", "aborted", "error")


class BadJobError(Exception):
    """What lies in Redis is no job of this version; the message is one line."""


@dataclass(frozen=True, slots=True)
class Job:
    """What was asked for."""

    id: str
    name: str
    path: str | None  # of the file, below the media folder; None: it was uploaded
    rate: float | None  # readings a second; None: every frame
    purpose: str
    ground: str | None
    created_at: float  # seconds since the epoch
    size: int  # bytes
    modified: int  # ns since the epoch: a file that is another one by then is not read on
    media_type: str
    duration: float | None  # seconds, as the container says
    width: int  # pixels
    height: int
    start: float = 0.0  # seconds; what the container's clock says at media time 0


@dataclass(frozen=True, slots=True)
class JobStatus:
    """How a job stands."""

    state: State = "queued"
    reason: str = ""
    attempt: int = 0  # how often a worker took it up; only who has the newest number may tell of it
    entry: str = ""  # its ID in the queue
    started_at: float | None = None  # seconds since the epoch
    ended_at: float | None = None
    duration: float | None = None  # seconds, once it is known better than from the container
    position: float = 0.0  # seconds that are read
    speed: float | None = None  # times real time
    faces: int = 0
    readings: int = 0
    fruitless: int = 0  # attempts in a row whose reader died and came no further


def job_key(id: str) -> str:
    return f"{{jobs}}:{id}"


def encode_job(job: Job) -> str:
    return json.dumps(asdict(job))


def decode_job(text: bytes) -> Job:
    """What a newer version added to it is left out. Raises BadJobError."""
    known = {field.name for field in fields(Job)}
    try:
        return Job(**{name: value for name, value in dict(json.loads(text)).items() if name in known})
    except (ValueError, TypeError) as error:
        raise BadJobError(f"not a job of this version: {error}") from None


def encode_status(changes: Mapping[str, Any]) -> list[str]:
    """Field, value, field, value, as HSET takes them."""
    return [part for name, value in changes.items() for part in (name, json.dumps(value))]


def decode_status(stored: Mapping[bytes, bytes]) -> JobStatus:
    """Raises BadJobError."""
    known = {field.name for field in fields(JobStatus)}
    try:
        return JobStatus(
            **{name.decode(): json.loads(value) for name, value in stored.items() if name.decode() in known}
        )
    except (ValueError, TypeError) as error:
        raise BadJobError(f"not a job's status of this version: {error}") from None
