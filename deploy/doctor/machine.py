"""The machine: Python, cores, memory, the data folder."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

from deploy.doctor.finding import Finding

MIN_PYTHON = (3, 11)  # as in pyproject.toml
FEW_CORES = 2
LITTLE_MEMORY = 2.0  # GB; the service holds about 0.8 with one camera, a recording 0.5 more
LITTLE_SPACE = 2.0  # GB; an hour of one face at 12.5 readings a second takes 0.06: docs/capacity.md

CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")  # of a container


def python() -> Iterator[Finding]:
    version = platform.python_version()
    if sys.version_info < MIN_PYTHON:
        yield Finding("Python", "fault", version, f"install {MIN_PYTHON[0]}.{MIN_PYTHON[1]} or later")
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
        yield Finding("cores", "ok", f"{count}; `mien bench` measures how many cameras they carry")


def memory() -> Iterator[Finding]:
    free = _available() / 1e9
    if free < LITTLE_MEMORY:
        yield Finding("memory", "note", f"{free:.1f} GB free", f"leave it at least {LITTLE_MEMORY:.0f} GB")
    else:
        yield Finding("memory", "ok", f"{free:.1f} GB free")


def _available() -> int:
    """Return the bytes of memory that are free, or that a container may use."""
    free = psutil.virtual_memory().available
    limit = CGROUP_LIMIT.read_text().strip() if CGROUP_LIMIT.is_file() else "max"
    return free if limit == "max" else min(free, int(limit))


def data(folder: Path) -> Iterator[Finding]:
    """Check the data folder, or the folder that it would be made in."""
    parent = next(each for each in (folder, *folder.parents) if each.exists())
    if not parent.is_dir():
        yield Finding("data folder", "fault", f"{parent} is a file", "set MIEN_DATA or --data to a folder")
        return
    if not os.access(parent, os.W_OK | os.X_OK):
        yield Finding("data folder", "fault", f"{parent} is not writable", "set MIEN_DATA or --data")
        return
    free = shutil.disk_usage(parent).free / 1e9
    found = f"{folder}, {free:.1f} GB free" + ("" if folder.exists() else " (made at the first start)")
    if free < LITTLE_SPACE:
        advice = f"leave it {LITTLE_SPACE:.0f} GB, or lower MIEN_RETENTION"
        yield Finding("data folder", "note", found, advice)
    else:
        yield Finding("data folder", "ok", found)
