"""Events as the pipeline gives them for a recording."""

import numpy as np

from engine.labels import LABELS, Label
from engine.records import Box, Coverage, CoverageKind, Reading, Span

SECOND = 1_000_000_000


def reading(
    time: float,
    label: Label | None = "happy",
    *,
    track: int = 1,
    share: float = 0.76,
    source: str = "clip.mp4",
) -> Reading:
    """A face at `time` (s) whose label has the probability `share`; the points lie on a diagonal."""
    values = np.full(len(LABELS), (1 - share) / 6, np.float32)
    values[LABELS.index(label or "neutral")] = share
    grid = np.linspace(0.42, 0.58, 15, dtype=np.float32)
    return Reading(
        source=source,
        track=track,
        connection=0,
        frame=round(time * 10),
        media_time=round(time * SECOND),
        captured_at=None,
        clock=None,
        result_at=None,
        box=Box(0.25, 0.2, 0.75, 0.8),
        keypoints=np.stack([grid, grid[::-1]], axis=1),
        raw=values[::-1].copy(),
        smoothed=values,
        label=label,
        abstained=None if label else "unsure",
        quality=0.9,
        model="emotion-00000000",
    )


def span(started: float, ended: float, label: Label = "happy", track: int = 1) -> Span:
    return Span("clip.mp4", track, label, round(started * SECOND), round(ended * SECOND), None, None, 0.76)


def coverage(kind: CoverageKind, started: float, ended: float, frames: int = 1) -> Coverage:
    return Coverage("clip.mp4", kind, round(started * SECOND), round(ended * SECOND), None, None, frames)
