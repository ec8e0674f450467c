"""A recording that is read as a job: the request, the job's status, and the form of both in Redis."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from ingest.bus.source_config import DEFAULT_RATE, Rate
from ingest.bus.stored import Aspect, Count, Moment, Seconds, fields_of, valid_part, wrong_field
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
    rate: Rate | None  # readings a second; None: every frame
    purpose: str
    ground: str | None
    created_at: Moment  # seconds since the epoch
    size: Count  # bytes
    modified: int  # ns since the epoch: a file that was changed since then is not read
    media_type: str
    duration: Seconds | None  # from the container; 0 for a still picture
    width: Count  # pixels
    height: Count
    start: Annotated[float, Field(allow_inf_nan=False)] = 0.0  # seconds; the player's time at media time 0
    shift: Seconds = 0.0  # by which the clock is set back for the player
    turn: Turn = "0"  # after the turn that the video declares
    player_turn: Turn = "0"  # that browsers leave out
    aspect: Aspect = None  # width:height of the picture as shown; None: as the video declares

    @property
    def kind(self) -> Literal["video", "picture"]:
        return "picture" if self.duration == 0 else "video"


@dataclass(frozen=True, slots=True)
class JobStatus:
    """The progress of a job, and its result."""

    state: State = "queued"
    reason: str = ""
    attempt: Count = 0  # number of times the job was claimed; only the newest attempt may report
    entry: str = ""  # its ID in the queue
    started_at: Moment | None = None  # seconds since the epoch
    ended_at: Moment | None = None
    duration: Seconds | None = None  # measured; None until the recording has been read
    position: Seconds = 0.0  # that have been read
    speed: Annotated[float, Field(allow_inf_nan=False)] | None = None  # times real time
    faces: Count = 0
    readings: Count = 0
    fruitless: Count = 0  # attempts in a row whose reader died before its first checkpoint


Record = TypeVar("Record", Job, JobStatus)

JOB, STATUS = TypeAdapter(Job), TypeAdapter(JobStatus)


def encode_job(job: Job) -> str:
    return json.dumps(asdict(job))


def decode_job(text: bytes) -> Job:
    """Decode a job; raises BadJobError."""
    return _decode(JOB, Job, fields_of(text))


def encode_status(changes: Mapping[str, Any]) -> list[str]:
    """Field, value, field, value, as HSET takes them."""
    return [part for name, value in changes.items() for part in (name, json.dumps(value))]


def decode_status(stored: Mapping[bytes, bytes]) -> JobStatus:
    """Decode a job's status; raises BadJobError."""
    try:
        values = {name.decode(): from_json(value) for name, value in stored.items()}
    except ValueError:
        raise BadJobError("JobStatus of another version of mien: it is no JSON") from None
    return _decode(STATUS, JobStatus, values)


def valid_part_of_job(id: str, text: bytes) -> Job:
    """Return what is valid of a job that cannot be decoded, to show it."""
    stand_ins = {"id": id, "name": id, "path": None, "rate": DEFAULT_RATE, "purpose": "", "ground": None}
    sizes = {"size": 0, "modified": 0, "media_type": "", "duration": None, "width": 0, "height": 0}
    given = _known(Job, fields_of(text)) | {"id": id}
    return valid_part(JOB, given, stand_ins | sizes | {"created_at": 0.0})


def _known(kind: type[Record], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that this version knows; those of newer versions are left out."""
    known = {field.name for field in fields(kind)}
    return {name: value for name, value in values.items() if name in known}


def _decode(adapter: TypeAdapter[Record], kind: type[Record], values: Mapping[str, Any]) -> Record:
    try:
        return adapter.validate_json(json.dumps(_known(kind, values)), strict=True)
    except ValidationError as error:
        raise BadJobError(f"{kind.__name__} of another version of mien: {wrong_field(error)}") from None
