"""What the system says of processes; of one that has ended meanwhile, too."""

from pathlib import Path


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    state = _told(pid, "stat").rpartition(")")[2].split()
    return bool(state) and state[0] not in "ZX"


def command_line(pid: int) -> str:
    """Its words, each with a zero byte behind; empty once it is gone."""
    return _told(pid, "cmdline")


def children_of(pid: int) -> set[int]:
    """The processes that its threads have started, as long as they run."""
    try:
        threads = [thread.name for thread in Path(f"/proc/{pid}/task").iterdir()]
    except (FileNotFoundError, ProcessLookupError):
        return set()
    return {int(child) for thread in threads for child in _told(pid, f"task/{thread}/children").split()}


def family(pid: int) -> set[int]:
    """A process and all that descend from it."""
    members, found = {pid}, {pid}
    while found:
        found = {child for parent in found for child in children_of(parent)} - members
        members |= found
    return members


def _told(pid: int, name: str) -> str:
    """A file of the process; it may end between the file's opening and its reading."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
