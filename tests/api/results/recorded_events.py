"""Events as the pipeline gives them for a recording, and the facts beside them."""

from typing import Any

import numpy as np

from api.results.summary import Facts
from engine.labels import KEYPOINTS, LABELS, Label
from engine.records import Box, Coverage, CoverageKind, Reading, Span

SECOND = 1_000_000_000

READING_COLUMNS = [
    *("source", "track", "media_time", "captured_at", "result_at"),
    *("left", "top", "right", "bottom", "quality", "label"),
    *LABELS,
    *(f"raw_{label}" for label in LABELS),
    *(f"{name}_{axis}" for name in KEYPOINTS for axis in "xy"),
    "frame",
]


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


def facts(duration: float = 10.0, elapsed: float = 2.5, **others: object) -> Facts:
    values: dict[str, Any] = {
        "source": "clip.mp4",
        "kind": "video",
        "duration": round(duration * SECOND),
        "width": 640,
        "height": 360,
        "frames_decoded": 250,
        "rate": 10.0,
        "elapsed": elapsed,
        "models": {"emotion": "emotion-00000000"},
        "damage": (),
        "interrupted": False,
    }
    return Facts(**values | others)
