"""The machine itself: Python, cores, memory, the data folder."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from deploy.doctor.finding import Finding

OLDEST = (3, 11)  # as pyproject.toml says
FEW_CORES = 2
LITTLE_MEMORY = (
    2.0  # GB; the parts of the service together hold about 0.8 with a camera, a recording 0.5 more
)
LITTLE_SPACE = 2.0  # GB; an hour of one face, 12.5 readings a second, takes 0.06: docs/capacity.md

GROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")  # what a container may use


def python() -> Iterator[Finding]:
    version = platform.python_version()
    if sys.version_info < OLDEST:
        yield Finding("Python", "fault", version, f"install {OLDEST[0]}.{OLDEST[1]} or later")
    elif sys.platform != "linux":
        yield Finding("Python", "fault", f"{version} on {sys.platform}", "run it on Linux, or in a container")
    else:
        yield Finding("Python", "ok", f"{version} on {platform.machine()}")


def cores() -> Iterator[Finding]:
    count = len(os.sched_getaffinity(0))
    if count < FEW_CORES:
        advice = "a second one lets decoding and the networks overlap"
        yield Finding("cores", "note", f"{count}", advice)
    else:
        yield Finding("cores", "ok", f"{count}; `mien bench` says how many cameras they carry")


def memory() -> Iterator[Finding]:
    free = _available() / 1e9
    if free < LITTLE_MEMORY:
        yield Finding("memory", "note", f"{free:.1f} GB free", f"leave it at least {LITTLE_MEMORY:.0f} GB")
    else:
        yield Finding("memory", "ok", f"{free:.1f} GB free")


def _available() -> int:
    """Bytes."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    free = int(fields["MemAvailable"].split()[0]) * 1024
    limit = GROUP_LIMIT.read_text().strip() if GROUP_LIMIT.is_file() else "max"
    return free if limit == "max" else min(free, int(limit))


def data(folder: Path) -> Iterator[Finding]:
    """The data folder, or the one that it would be made in."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if not there.is_dir():
        yield Finding("data folder", "fault", f"{there} is a file", "set MIEN_DATA, or give --data, a folder")
        return
    if not os.access(there, os.W_OK | os.X_OK):
        yield Finding("data folder", "fault", f"{there} is not writable", "set MIEN_DATA, or give --data")
        return
    free = shutil.disk_usage(there).free / 1e9
    found = f"{folder}, {free:.1f} GB free" + ("" if folder.exists() else " (made at the first start)")
    if free < LITTLE_SPACE:
        yield Finding(
            "data folder", "note", found, f"leave it {LITTLE_SPACE:.0f} GB, or lower MIEN_RETENTION"
        )
    else:
        yield Finding("data folder", "ok", found)
