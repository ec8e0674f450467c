"""What a service has to itself: its data folder, its port, and a path short enough for Redis's socket."""

import contextlib
import fcntl
import hashlib
import os
import socket
import stat
import tempfile
import time
from pathlib import Path

from deploy.redis_server import LONGEST_PATH, SOCKET


class ClaimError(Exception):
    """Somebody else has it, or it cannot be had; the message is one line for people."""


def claim_folder(folder: Path, patience: float = 5.0) -> int:
    """Makes the data folder if need be and locks it; returns the descriptor that holds the lock.

    The lock lasts as long as any process has the descriptor. Redis inherits it, so that a service started
    right after another one was killed waits, up to `patience` seconds, until that one's Redis has saved.
    """
    file = folder / "serve.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ClaimError(f"{folder}: cannot keep data there: {error.strerror}") from error
    deadline = time.monotonic() + patience
    while not _lock(descriptor):
        holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
        if _is_running(holder) or time.monotonic() > deadline:
            os.close(descriptor)
            raise ClaimError(f"{folder}: another mien serve uses this folder (process {holder or 'unknown'})")
        time.sleep(0.05)
    os.truncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def check_port(host: str, port: int) -> None:
    """Raises ClaimError if nobody could listen there now."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except OSError as error:  # socket.gaierror is one
        raise ClaimError(f"cannot listen on {host}:{port}: {error.strerror}") from error


def socket_path(folder: Path) -> Path:
    """Where Redis's socket goes: into `folder`, or, where that makes too long a path, somewhere shorter.

    That is a folder of its own which only this user may enter, the same one each time for the same folder.
    """
    inside = folder.resolve() / SOCKET
    if len(os.fsencode(inside)) <= LONGEST_PATH:
        return inside
    shorter = shorter_folder(folder)
    shorter.mkdir(mode=0o700, exist_ok=True)
    found = shorter.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise ClaimError(f"{shorter}: expected a folder that only this user may enter")
    return shorter / SOCKET


def leave_socket_path(folder: Path) -> None:
    """Takes away what `socket_path` made."""
    with contextlib.suppress(FileNotFoundError):
        shorter_folder(folder).rmdir()


def shorter_folder(folder: Path) -> Path:
    """Where the socket goes when its path in `folder` is too long."""
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
