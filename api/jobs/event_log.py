"""The event log of a recording: it holds all that was read, for a restart, for the pages and for the results.

parts/{attempt}.events      all events in order, a line each (engine.stored)
parts/{attempt}.seconds     each second's faces in brief, a line each (engine.wire.encode_seconds)
parts/{attempt}.stretches   spans and coverage as messages, a line each
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from api.jobs.checkpoint import Checkpoint, Segment, checkpoint_path, write_checkpoint

EVENTS, SECONDS, INTERVALS = LOGS = ("events", "seconds", "stretches")


def read_log(folder: Path, checkpoint: Checkpoint, log: str) -> Iterator[bytes]:
    """All valid lines of a log in order, one in memory at a time."""
    for segment in checkpoint.segments:
        remaining = segment.sizes[log]
        if not remaining:
            continue
        with log_path(folder, segment.attempt, log).open("rb") as file:
            while remaining > 0 and (line := file.readline()):
                remaining -= len(line)
                yield line


def log_path(folder: Path, attempt: int, log: str) -> Path:
    return folder / f"{attempt}.{log}"


def delete_uncommitted(folder: Path, attempt: int) -> None:
    """Delete the logs of an attempt without a checkpoint."""
    if not checkpoint_path(folder, attempt).exists():
        for log in LOGS:
            log_path(folder, attempt, log).unlink(missing_ok=True)


class EventLogWriter:
    """Writes the logs of one attempt; lines become valid with the next `commit`."""

    def __init__(self, folder: Path, attempt: int, before: Checkpoint | None) -> None:
        self._folder = folder
        self._attempt = attempt
        self._before = before.segments if before else ()
        folder.mkdir(exist_ok=True)
        self._files: dict[str, BinaryIO] = {log: log_path(folder, attempt, log).open("wb") for log in LOGS}

    def add(self, log: str, line: bytes) -> None:
        self._files[log].write(line)

    def commit(self, state: dict[str, Any]) -> Checkpoint:
        """Write a checkpoint with all lines so far; it survives a loss of power."""
        for file in self._files.values():
            file.flush()
            os.fsync(file.fileno())
        sizes = {log: file.tell() for log, file in self._files.items()}
        checkpoint = Checkpoint((*self._before, Segment(self._attempt, sizes)), state)
        write_checkpoint(self._folder, self._attempt, checkpoint)
        return checkpoint

    def close(self) -> None:
        for file in self._files.values():
            file.close()
