"""The answer with an MP4 whose clock begins late, in which it begins at 0."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.responses import FileResponse

from ingest.files.layout.mp4_clock import Patch, clock_patches, patched


class ClockedFile(FileResponse):
    """A file with range requests; the times in it are replaced as it is sent."""

    # Starlette reads all that it sends from the file that this opens.
    @asynccontextmanager
    async def _open_file(self) -> AsyncIterator["_ClockedReader"]:  # type: ignore[override]
        status = await asyncio.to_thread(Path(self.path).stat)
        patches = await asyncio.to_thread(_patches, Path(self.path), status.st_size, status.st_mtime_ns)
        async with super()._open_file() as file:
            yield _ClockedReader(file, patches)


class _ClockedReader:
    """Reads an open file with its patches."""

    def __init__(self, file: Any, patches: tuple[Patch, ...]) -> None:
        self._file = file
        self._patches = patches
        self._position = 0

    async def seek(self, position: int) -> None:
        self._position = await self._file.seek(position)

    async def read(self, size: int) -> bytes:
        data = patched(await self._file.read(size), self._position, self._patches)
        self._position += len(data)
        return data


@lru_cache(maxsize=16)
def _patches(path: Path, size: int, modified: int) -> tuple[Patch, ...]:
    """Return the patches of a file as it was at a time: players send many requests for ranges."""
    return clock_patches(path)
