"""Processes as /proc shows them. A process may end at any time; then its data are empty."""

from pathlib import Path


def is_alive(pid: int) -> bool:
    """Check whether a process runs; a zombie does not."""
    state = _read(pid, "stat").rpartition(")")[2].split()
    return bool(state) and state[0] not in "ZX"


def command_line(pid: int) -> str:
    """Return the arguments, each followed by a zero byte; empty if the process is gone."""
    return _read(pid, "cmdline")


def children_of(pid: int) -> set[int]:
    """Return the running processes that its threads have started."""
    try:
        threads = [thread.name for thread in Path(f"/proc/{pid}/task").iterdir()]
    except (FileNotFoundError, ProcessLookupError):
        return set()
    return {int(child) for thread in threads for child in _read(pid, f"task/{thread}/children").split()}


def family(pid: int) -> set[int]:
    """Return a process and all its descendants."""
    members, newest = {pid}, {pid}
    while newest:
        newest = {child for parent in newest for child in children_of(parent)} - members
        members |= newest
    return members


def _read(pid: int, name: str) -> str:
    """Read a file of the process, which may end between the opening and the reading."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
