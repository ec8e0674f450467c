"""Stores uploads: the body of a request, within limits; what does not arrive complete is deleted."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.disk import DISK_FULL
from api.http.problems import ProblemError
from api.jobs.folder import JobFolder
from api.settings import RecordingLimits

BUFFER = 1024 * 1024  # bytes that are collected before they are written
TIMEOUT = 10.0  # seconds without a byte


@asynccontextmanager
async def uploaded(request: Request, folder: JobFolder, limits: RecordingLimits) -> AsyncIterator[Path]:
    """Store the body as the folder's video; the folder is deleted if the code inside fails.

    Raises a 408, 413, 422 or 507 problem, and ClientDisconnect.
    """
    _check_length(request, limits)
    await asyncio.to_thread(folder.path.mkdir, parents=True)
    try:
        part = folder.video.with_suffix(".part")
        await _receive(request, part, limits)
        part.rename(folder.video)
        yield folder.video
    except BaseException:
        await asyncio.shield(asyncio.to_thread(folder.remove))
        raise


def _check_length(request: Request, limits: RecordingLimits) -> None:
    text = request.headers.get("content-length", "0")
    if text.isdecimal() and int(text) > limits.upload:
        raise ProblemError(413, _too_large(limits))


async def _receive(request: Request, part: Path, limits: RecordingLimits) -> None:
    size, buffer = 0, bytearray()
    try:
        with part.open("xb", buffering=0) as file:
            async for chunk in _chunks(request):
                size += len(chunk)
                if size > limits.upload:  # the body may be endless: close the connection
                    raise HTTPException(413, _too_large(limits), headers={"Connection": "close"})
                buffer += chunk
                if len(buffer) >= BUFFER:
                    await asyncio.to_thread(_write, file.fileno(), part.parent, buffer, limits)
            await asyncio.to_thread(_write, file.fileno(), part.parent, buffer, limits)
            await asyncio.to_thread(os.fsync, file.fileno())
    except OSError as error:
        if error.errno in DISK_FULL:
            raise _no_room("the disk is full") from error
        raise
    if size == 0:
        raise ProblemError(422, "the body is empty: send a video file", {"file": "the file is empty"})


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    chunks = aiter(request.stream())
    try:
        while chunk := await asyncio.wait_for(anext(chunks, b""), TIMEOUT):
            yield chunk
    except TimeoutError:
        detail = f"no data came for {TIMEOUT:g} s"
        raise HTTPException(408, detail, headers={"Connection": "close"}) from None


def _write(file: int, folder: Path, buffer: bytearray, limits: RecordingLimits) -> None:
    """Write and clear the buffer. Raises a 507 problem where too little of the disk would stay free."""
    free = shutil.disk_usage(folder).free
    if free - len(buffer) < limits.reserve:
        raise _no_room(f"{free / 1e6:.0f} MB are free, {limits.reserve / 1e6:.0f} MB must stay free")
    rest = memoryview(bytes(buffer))
    while rest:
        rest = rest[os.write(file, rest) :]
    buffer.clear()


def _too_large(limits: RecordingLimits) -> str:
    return f"a file may have at most {limits.upload / 1e6:g} MB (MIEN_UPLOAD_LIMIT)"


def _no_room(reason: str) -> ProblemError:
    return ProblemError(507, f"no room for the recording: {reason}")
