"""A file on its way in: streamed to the disk, bounded, and gone again where it does not arrive whole."""

import asyncio
import errno
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.http.problems import ProblemError
from api.jobs.folder import JobFolder
from api.settings import RecordingLimits

AT_ONCE = 1024 * 1024  # bytes that are collected before they are written
PATIENCE = 60.0  # seconds without a byte after which an upload is given up

FULL = (errno.ENOSPC, errno.EDQUOT)


@asynccontextmanager
async def uploaded(request: Request, folder: JobFolder, limits: RecordingLimits) -> AsyncIterator[Path]:
    """The body of the request as the folder's video; the folder stays only if what is inside succeeds.

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


def check_room(folder: Path, size: int, limits: RecordingLimits) -> None:
    """Raises a 507 problem where `size` more bytes would leave too little of the disk."""
    free = shutil.disk_usage(folder).free
    if free - size < limits.reserve:
        raise _full(f"{free / 1e6:.0f} MB are free, of which {limits.reserve / 1e6:.0f} MB are kept")


def _check_length(request: Request, limits: RecordingLimits) -> None:
    text = request.headers.get("content-length", "0")
    if text.isdecimal() and int(text) > limits.upload:
        raise ProblemError(413, _too_large(limits))


async def _receive(request: Request, part: Path, limits: RecordingLimits) -> None:
    size, waiting = 0, bytearray()
    try:
        with part.open("xb", buffering=0) as file:
            async for chunk in _chunks(request):
                size += len(chunk)
                if size > limits.upload:  # it may never end: the connection is not kept for what follows
                    raise HTTPException(413, _too_large(limits), headers={"Connection": "close"})
                waiting += chunk
                if len(waiting) >= AT_ONCE:
                    check_room(part.parent, len(waiting), limits)
                    await asyncio.to_thread(_write, file.fileno(), bytes(waiting))
                    waiting.clear()
            check_room(part.parent, len(waiting), limits)
            await asyncio.to_thread(_write, file.fileno(), bytes(waiting))
            await asyncio.to_thread(os.fsync, file.fileno())
    except OSError as error:
        if error.errno in FULL:
            raise _full("the disk is full") from error
        raise
    if size == 0:
        raise ProblemError(422, "expected a video file as the body, actual nothing", {"file": "empty file"})


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    chunks = aiter(request.stream())
    try:
        while chunk := await asyncio.wait_for(anext(chunks, b""), PATIENCE):
            yield chunk
    except TimeoutError:
        raise ProblemError(408, f"nothing more came for {PATIENCE:g} s") from None


def _write(file: int, rest: bytes) -> None:
    while rest:
        rest = rest[os.write(file, rest) :]


def _too_large(limits: RecordingLimits) -> str:
    return f"expected at most {limits.upload / 1e6:g} MB: see MIEN_UPLOAD_LIMIT"


def _full(reason: str) -> ProblemError:
    return ProblemError(507, f"no room for the recording: {reason}")
