"""What was read of a recording so far, on the disk: it can be read on from, and looked at meanwhile.

Each attempt at a job writes files of its own, so that one that lost the job and does not know yet spoils
nothing. A checkpoint names what counts of them:

parts/{attempt}.events      all events in order, a line each (engine.stored)
parts/{attempt}.seconds     each second's faces in brief, a line each (engine.wire.encode_seconds)
parts/{attempt}.stretches   spans and coverage as messages, a line each
parts/{attempt}.json        the checkpoint: how much of all attempts' files counts, and where reading stood
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

KINDS = ("events", "seconds", "stretches")
VERSION = 1  # of all that a checkpoint says


@dataclass(frozen=True, slots=True)
class Segment:
    """The beginnings of one attempt's files that count."""

    attempt: int
    sizes: dict[str, int]  # kind to bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is certain: pieces in order of time, and all that is needed to go on behind them."""

    segments: tuple[Segment, ...]
    state: dict[str, Any]


class BadCheckpointError(Exception):
    """A checkpoint that cannot be read."""


def newest_checkpoint(folder: Path) -> Checkpoint | None:
    """That of the last attempt that wrote one. Raises BadCheckpointError."""
    attempts = sorted((int(path.stem) for path in folder.glob("*.json")), reverse=True)
    if not attempts:
        return None
    path = folder / f"{attempts[0]}.json"
    try:
        fields = json.loads(path.read_bytes())
        if fields["version"] != VERSION:
            raise ValueError(f"version {fields['version']}")
        segments = tuple(Segment(attempt, sizes) for attempt, sizes in fields["pieces"])
        return Checkpoint(segments, fields["state"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadCheckpointError(f"{path.name}: not a checkpoint of this version: {error!r}") from error


def forget_checkpoints(folder: Path) -> None:
    """Has the reading begin anew."""
    for path in folder.glob("*.json"):
        path.unlink()


def stored_lines(folder: Path, checkpoint: Checkpoint, kind: str) -> Iterator[bytes]:
    """All lines of a kind that count, in order; one in memory at a time."""
    for segment in checkpoint.segments:
        left = segment.sizes[kind]
        if not left:
            continue
        with (folder / f"{segment.attempt}.{kind}").open("rb") as file:
            while left > 0 and (line := file.readline()):
                left -= len(line)
                yield line


class PartsWriter:
    """One attempt's files. What is added counts from the next `commit` on."""

    def __init__(self, folder: Path, attempt: int, before: Checkpoint | None) -> None:
        self._folder = folder
        self._attempt = attempt
        self._before = before.segments if before else ()
        folder.mkdir(exist_ok=True)
        self._files: dict[str, BinaryIO] = {kind: (folder / f"{attempt}.{kind}").open("wb") for kind in KINDS}

    def add(self, kind: str, line: bytes) -> None:
        self._files[kind].write(line)

    def commit(self, state: dict[str, Any]) -> Checkpoint:
        """Makes everything so far certain, together with `state`, also against a loss of power."""
        for file in self._files.values():
            file.flush()
            os.fsync(file.fileno())
        sizes = {kind: file.tell() for kind, file in self._files.items()}
        checkpoint = Checkpoint((*self._before, Segment(self._attempt, sizes)), state)
        pieces = [[segment.attempt, segment.sizes] for segment in checkpoint.segments]
        fields = {"version": VERSION, "pieces": pieces, "state": state}
        text = json.dumps(fields, separators=(",", ":"))
        write_whole(self._folder / f"{self._attempt}.json", text.encode())
        return checkpoint

    def close(self) -> None:
        for file in self._files.values():
            file.close()


def write_whole(path: Path, data: bytes) -> None:
    """Puts a file in place at once: whoever looks sees the old one or the new one."""
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
