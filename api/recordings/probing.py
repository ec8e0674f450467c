"""Probes a file in a sandboxed process, and checks the result against the limits.

The process gets nothing of the service's environment: no address of Redis, no token.
"""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from api.settings import RecordingLimits
from ingest.picture.options import NO_CORRECTION, DisplayOptions, Turn

TIMEOUT = 30.0  # seconds
MAX_PROCESSES = 2  # at a time; other files wait

# Variables that the process keeps: where programs and libraries lie, and the encoding of file names.
ENVIRONMENT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE")

_semaphores: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


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
    async with _semaphores.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(MAX_PROCESSES)):
        answer = await _run_probe(path, limits.pixels, display, python)
    if "reason" in answer:
        raise RefusedError(answer["reason"])
    is_measured = answer.pop("measured")  # else the jumps of the clock are part of the duration
    video = ProbedVideo(**answer)
    if is_measured and video.duration is not None and video.duration > limits.duration:
        raise RefusedError(f"a video may last {limits.duration:g} s; this one lasts {video.duration:.0f} s")
    return video


async def _run_probe(path: Path, max_pixels: int, display: DisplayOptions, python: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *(python, "-P", "-m", "ingest.files.probe", str(path), str(max_pixels)),
        *(display.turn, display.aspect or ""),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_environment(),
    )
    try:
        async with asyncio.timeout(TIMEOUT):
            output, _ = await process.communicate()
        answer = json.loads(output)
        assert isinstance(answer, dict)
        return answer
    except TimeoutError:
        return {"reason": f"the video could not be examined within {TIMEOUT:.0f} s"}
    except ValueError:  # the process hit one of its limits, or the decoder crashed
        return {"reason": "the video cannot be decoded"}
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _environment() -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    return inherited | {"OPENBLAS_NUM_THREADS": "1"}  # each thread would reserve address space
