"""Has a process with limits look at a file, and compares what it says with what is allowed.

That process is told nothing of the service: no address of Redis, no token.
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

PATIENCE = 30.0  # seconds that the probing may take
AT_ONCE = 2  # files that are looked at; others wait

# All that it knows of the environment: where programs and libraries lie, and how names are written.
TOLD = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE")

_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


class RefusedError(Exception):
    """A file that is no recording, or too large a one; the message is one line."""


@dataclass(frozen=True, slots=True)
class Probed:
    """What a file is."""

    start: float  # seconds; what the container's clock says at media time 0
    duration: float | None  # seconds, as the container says
    width: int  # pixels
    height: int
    media_type: str


async def probe(path: Path, limits: RecordingLimits) -> Probed:
    """Raises RefusedError."""
    async with _turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)):
        found = await _found(path)
    if "reason" in found:
        raise RefusedError(found["reason"])
    probed = Probed(**found)
    if probed.duration is not None and probed.duration > limits.duration:
        raise RefusedError(f"expected at most {limits.duration:g} s of video, actual {probed.duration:.0f} s")
    if probed.width * probed.height > limits.pixels:
        raise RefusedError(
            f"expected pictures of at most {limits.pixels} pixels, actual {probed.width}x{probed.height}"
        )
    return probed


async def _found(path: Path) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "ingest.files.probe", str(path)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_environment(),
    )
    try:
        async with asyncio.timeout(PATIENCE):
            said, _ = await process.communicate()
        found = json.loads(said)
        assert isinstance(found, dict)
        return found
    except TimeoutError:
        return {"reason": f"not understood within {PATIENCE:.0f} s"}
    except ValueError:  # it ran into one of its limits, or the decoder crashed
        return {"reason": "no decoder can cope with it"}
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _environment() -> dict[str, str]:
    told = {name: os.environ[name] for name in TOLD if name in os.environ}
    return told | {"OPENBLAS_NUM_THREADS": "1"}  # each thread would reserve address space
