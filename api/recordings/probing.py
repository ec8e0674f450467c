"""Probes a file in a sandboxed process, and checks the result against the limits."""

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from api.recordings import sandbox
from api.settings import RecordingLimits
from ingest.picture.options import NO_CORRECTION, DisplayOptions, Turn


class RefusedError(Exception):
    """The file is no video, or beyond the limits; the message is one line."""


@dataclass(frozen=True, slots=True)
class ProbedVideo:
    """Properties of a video or picture file."""

    start: float  # seconds; the player's time at media time 0
    shift: float  # seconds by which the clock is set back for the player
    duration: float | None  # seconds, from the container; 0 for a still picture
    width: int  # pixels
    height: int
    player_turn: Turn  # that browsers leave out
    media_type: str


async def probe(
    path: Path, limits: RecordingLimits, display: DisplayOptions = NO_CORRECTION, python: str = sys.executable
) -> ProbedVideo:
    """Probe a file; raises RefusedError."""
    answer = await _answer(path, replace(display, max_pixels=limits.pixels), python)
    if "reason" in answer:
        raise RefusedError(answer["reason"])
    is_measured = answer.pop("measured")  # else the jumps of the clock are part of the duration
    video = ProbedVideo(**answer)
    if is_measured and video.duration is not None and video.duration > limits.duration:
        raise RefusedError(f"a video may last {limits.duration:g} s; this one lasts {video.duration:.0f} s")
    return video


async def _answer(path: Path, display: DisplayOptions, python: str) -> dict[str, Any]:
    try:
        answer = json.loads(await sandbox.run("ingest.files.probe", path, display, python))
        assert isinstance(answer, dict)
        return answer
    except TimeoutError:
        return {"reason": f"the video could not be examined within {sandbox.TIMEOUT:.0f} s"}
    except ValueError:  # the process hit one of its limits, or the decoder crashed
        return {"reason": "the video cannot be decoded"}
