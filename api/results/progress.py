"""The contract between a reader of files and its caller: options, progress, result."""

from dataclasses import dataclass
from typing import Any, Protocol

from ingest.files.damage import Damage
from ingest.picture.options import NO_CORRECTION, DisplayOptions


class ProgressListener(Protocol):
    """Receives the progress of a reader, and may stop it."""

    def start_stage(self, name: str, total: float, unit: str) -> None:
        """Start a stage of `total` seconds or pictures; its speed is shown as a number and `unit`."""

    def advance(self, done: float) -> None:
        """Report that `done` seconds or pictures of the stage are done."""

    def stopped(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Choices for a run, the same for all inputs."""

    rate: float | None  # readings a second; None: every frame
    annotated: bool  # write the annotated video or pictures too
    display: DisplayOptions = NO_CORRECTION


@dataclass(frozen=True, slots=True)
class ReadResult:
    """The result of one input."""

    summary: dict[str, Any]
    damage: tuple[Damage, ...]
