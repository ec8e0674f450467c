"""Checkpoints of a recording: how much of its event log is valid, and the state from which reading resumes.

Each attempt at a job writes files of its own, so that an attempt that has lost the job unknowingly damages
nothing. parts/{attempt}.json is an attempt's newest checkpoint; it covers the logs of earlier attempts too.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VERSION = 2  # of all fields of a checkpoint, `state` included


@dataclass(frozen=True, slots=True)
class Segment:
    """The valid beginning of one attempt's log."""

    attempt: int
    sizes: dict[str, int]  # log to bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The segments in order of time, and the state of the reader at their end."""

    segments: tuple[Segment, ...]
    state: dict[str, Any]


class BadCheckpointError(Exception):
    """A checkpoint that this version cannot read."""


def newest_checkpoint(folder: Path) -> Checkpoint | None:
    """The checkpoint of the last attempt that wrote one. Raises BadCheckpointError."""
    attempts = sorted((int(path.stem) for path in folder.glob("*.json")), reverse=True)
    if not attempts:
        return None
    path = checkpoint_path(folder, attempts[0])
    try:
        fields = json.loads(path.read_bytes())
        if fields["version"] != VERSION:
            raise ValueError(f"version {fields['version']}")
        segments = tuple(Segment(attempt, sizes) for attempt, sizes in fields["pieces"])
        return Checkpoint(segments, fields["state"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadCheckpointError(f"{path.name}: not a checkpoint of this version: {error!r}") from error


def write_checkpoint(folder: Path, attempt: int, checkpoint: Checkpoint) -> None:
    segments = [[segment.attempt, segment.sizes] for segment in checkpoint.segments]
    fields = {"version": VERSION, "pieces": segments, "state": checkpoint.state}
    text = json.dumps(fields, separators=(",", ":"))
    _write_atomically(checkpoint_path(folder, attempt), text.encode())


def checkpoint_path(folder: Path, attempt: int) -> Path:
    return folder / f"{attempt}.json"


def delete_checkpoints(folder: Path) -> None:
    """Delete all checkpoints: the next attempt starts from the beginning."""
    for path in folder.glob("*.json"):
        path.unlink()


def _write_atomically(path: Path, data: bytes) -> None:
    """Replace a file, durably: a reader sees the old content or the new, also after a loss of power."""
    fresh = path.with_suffix(".fresh")
    with fresh.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
