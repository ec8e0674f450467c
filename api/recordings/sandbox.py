"""Runs a module of ingest.files on one file, in a process with few rights.

The process gets nothing of the service's environment: no address of Redis, no token.
"""

import asyncio
import os
import sys
from pathlib import Path
from weakref import WeakKeyDictionary

from ingest.picture.options import DisplayOptions

TIMEOUT = 30.0  # seconds
MAX_PROCESSES = 2  # at a time; other files wait

# Variables that the process keeps: where programs and libraries lie, and the encoding of file names.
ENVIRONMENT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE")

_semaphores: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def run(module: str, path: Path, display: DisplayOptions, python: str = sys.executable) -> bytes:
    """Return what `python -m MODULE FILE PIXELS TURN ASPECT` prints. Raise TimeoutError."""
    async with _semaphores.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(MAX_PROCESSES)):
        process = await asyncio.create_subprocess_exec(
            *(python, "-P", "-m", module, str(path), str(display.max_pixels)),
            *(display.turn, display.aspect or ""),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=_environment(),
        )
        try:
            async with asyncio.timeout(TIMEOUT):
                output, _ = await process.communicate()
            return output
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def _environment() -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    return inherited | {"OPENBLAS_NUM_THREADS": "1"}  # each thread would reserve address space
