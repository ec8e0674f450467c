"""The data folder: its lock, and a path for Redis's socket that is short enough."""

import contextlib
import fcntl
import hashlib
import os
import stat
import tempfile
import time
from pathlib import Path

from deploy.redis_server import MAX_PATH, SOCKET

REDIS_FOLDER = "redis"  # the folder of the embedded Redis in the data folder
POLL_INTERVAL = 0.05  # seconds


class LockError(Exception):
    """The data folder cannot be used; the message is one line."""


def lock_folder(folder: Path, timeout: float = 5.0) -> int:
    """Make the data folder if need be and lock it; return the descriptor that holds the lock.

    The lock lasts as long as any process has the descriptor. Redis inherits it, so that a service that starts
    right after another one was killed waits up to `timeout` seconds until that one's Redis has saved.
    Raises LockError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / "serve.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LockError(f"{folder}: cannot keep data there: {error.strerror}") from error
    if holder := _wait_for_lock(descriptor, timeout):
        os.close(descriptor)
        raise LockError(f"{folder}: another mien serve uses this folder (process {holder})")
    os.truncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def _wait_for_lock(descriptor: int, timeout: float) -> str:
    """Take the lock; return the process that holds it after the timeout, or earlier if that still runs."""
    deadline = time.monotonic() + timeout
    while not _lock(descriptor):
        holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
        if _is_running(holder) or time.monotonic() > deadline:
            return holder or "unknown"
        time.sleep(POLL_INTERVAL)
    return ""


def socket_path(folder: Path) -> Path:
    """Return a path for Redis's socket: in `folder`, or in a shorter folder where that path is too long.

    The shorter folder is the same each time, and only this user may enter it. Raises LockError where another
    user has made it.
    """
    inside = folder.resolve() / SOCKET
    if len(os.fsencode(inside)) <= MAX_PATH:
        return inside
    short = short_folder(folder)
    short.mkdir(mode=0o700, exist_ok=True)
    found = short.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise LockError(f"{short} must be a folder that only this user may enter: remove it")
    return short / SOCKET


def remove_short_folder(folder: Path) -> None:
    """Remove the folder that `socket_path` made, if it did."""
    with contextlib.suppress(FileNotFoundError):
        short_folder(folder).rmdir()


def short_folder(folder: Path) -> Path:
    """Return the folder of the socket whose path in `folder` is too long."""
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"mien-{os.getuid()}-{name}"


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_running(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
