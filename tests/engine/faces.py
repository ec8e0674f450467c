"""Faces and frames for tests that need no network."""

from datetime import UTC, datetime, timedelta

import numpy as np

from engine.records import Box, Face
from ingest.frame import Frame

SECOND = 1_000_000_000
NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def face(x: float, y: float = 0.5, size: float = 0.1, score: float = 0.95) -> Face:
    """A frontal face with its middle at x, y; all ratios of the frame."""
    box = Box(x - size / 2, y - size / 2, x + size / 2, y + size / 2)
    places = np.array([[-0.2, -0.15], [0.2, -0.15], [0, 0.05], [-0.15, 0.25], [0.15, 0.25]])
    return Face(box, score, (places * size + (x, y)).astype(np.float32))


def frame(
    number: int,
    *,
    at: float | None = None,
    source: str = "lobby",
    connection: int = 0,
    live: bool = False,
    damaged: bool = False,
) -> Frame:
    """A grey frame of a source with ten frames a second."""
    time = number / 10 if at is None else at
    return Frame(
        source=source,
        connection=connection,
        number=number,
        media_time=round(time * SECOND),
        captured_at=NOON + timedelta(seconds=time) if live else None,
        clock="arrival" if live else None,
        damaged=damaged,
        grey=np.zeros((36, 64), dtype=np.uint8),
    )
