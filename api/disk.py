"""Checks the room on the disk of recordings: work that finds none waits until there is."""

import errno
import shutil
from pathlib import Path

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def shortage(folder: Path, reserve: int) -> str | None:
    """Return the reason if fewer than `reserve` bytes are free on the disk of a folder."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError:  # the first who writes into it learns why
        return None
    if free >= reserve:
        return None
    return f"the disk is full: {reserve / 1e6:.0f} MB must stay free, {free / 1e6:.0f} MB are free"
