"""The service of a run with its four cameras, on a small disk and with a clock that can be set."""

import os
import shutil
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.redis_server import SERVERS, find_server
from tests.acceptance.check import AbsentError
from tests.acceptance.live import post_source
from tests.acceptance.recorded import looped
from tests.api.verbs.portrait_clips import face_clip
from tests.clips import even
from tests.deploy.service import Service, sockets
from tests.processes import children_of, command_line, is_alive
from tests.servers import RtspServer, has_gstreamer

CAMERAS = ("lobby", "hall", "door", "yard")
RETENTION = 180.0  # seconds
DISK = 256 << 20  # bytes
SIZE = (320, 240)
RATE = 5  # readings a second of each camera
STOP_TIMEOUT = 60.0  # seconds
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
# The Redis server with a clock that a file sets. libfaketime breaks `time.sleep` in Python's processes.
FAKED = """\
#!/bin/sh
LD_PRELOAD={library} FAKETIME_TIMESTAMP_FILE={clock} FAKETIME_CACHE_DURATION=1 FAKETIME_DONT_FAKE_MONOTONIC=1
export LD_PRELOAD FAKETIME_TIMESTAMP_FILE FAKETIME_CACHE_DURATION FAKETIME_DONT_FAKE_MONOTONIC
exec {server} "$@"
"""
# Arguments of the processes that the supervisor starts.
MODULES = {"engine": "engine", "ingest": "ingest", "jobs": "api.jobs", "api": "api"}


@dataclass(slots=True)
class World:
    """The running service, its cameras, and what they stand on."""

    service: Service
    folder: Path
    cameras: list[RtspServer]
    has_small_disk: bool
    has_clock: bool

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.service.port}"

    @property
    def temporary(self) -> Path:
        """The service's folder of temporary files."""
        return self.folder / "tmp"

    @property
    def clock(self) -> Path:
        """The file with the seconds by which the clock of Redis is ahead."""
        return self.folder / "clock"

    def pids(self) -> dict[str, list[int]]:
        """Return the running processes of each part; the first of several is the oldest."""
        found: dict[str, list[int]] = {"supervisor": [self.service.process.pid]}
        for pid in sorted(children_of(self.service.process.pid)):
            if part := _part(command_line(pid)):
                found.setdefault(part, []).append(pid)
        found["decoder"] = sorted(pid for keeper in found.get("ingest", []) for pid in children_of(keeper))
        return found

    def log_size(self) -> int:
        """Return the bytes that the service has printed."""
        return sum(len(line.encode()) + 1 for line in self.service.lines)

    def dropped(self) -> dict[str, int]:
        """Return the frames dropped of each source, as /metrics says."""
        with urllib.request.urlopen(f"{self.address}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        counts = dict.fromkeys(CAMERAS, 0)
        for line in lines:
            if line.startswith("mien_frames_dropped_total{"):
                counts[line.split('source="')[1].split('"')[0]] += int(float(line.rpartition(" ")[2]))
        return counts

    def stop(self) -> list[str]:
        """Stop the service as a user does; return what it left."""
        pids = self.service.pids()
        self.service.process.send_signal(signal.SIGTERM)
        try:
            self.service.process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            return [f"a service that did not stop within {STOP_TIMEOUT:g} s"]
        left = [f"process {pid}: {command_line(pid)}" for pid in pids if is_alive(pid)]
        left += [f"socket {path.name}" for path in sockets(self.service.data)]
        left += [f"file {path}" for path in self.temporary.rglob("*")]
        left += [f"file {path}" for path in self.service.data.rglob("temp-*")]
        return left + ([] if _is_free(self.service.port) else [f"port {self.service.port} is still taken"])


def _part(command: str) -> str | None:
    if "valkey-server" in command or "redis-server" in command:
        return "redis"
    return next((part for part, module in MODULES.items() if f"-m\0{module}\0" in command), None)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """Start the service and its cameras. Raise AbsentError without GStreamer's RTSP server."""
    if not has_gstreamer():
        raise AbsentError("GStreamer's RTSP server is not installed")
    clip = looped(face_clip(folder / "once.mp4", even(250), size=SIZE), 60, folder / "camera.mp4")
    data = folder / "data"
    with ExitStack() as stack:
        small = stack.enter_context(small_disk(data))
        settings, has_clock = _settings(folder)
        service = Service(data, port=None, **settings)
        stack.callback(service.close)
        service.address()
        running = World(service, folder, [], small, has_clock)
        for name in CAMERAS:
            camera = RtspServer({name: clip})
            stack.callback(camera.kill)
            running.cameras.append(camera)
            post_source(running.address, name, camera.url(name), RATE)
        yield running


def _settings(folder: Path) -> tuple[dict[str, str], bool]:
    """Return the environment of the service, and whether the clock of its Redis can be set."""
    (folder / "tmp").mkdir()
    settings = {"MIEN_RETENTION": f"{RETENTION // 60:.0f}m", "TMPDIR": str(folder / "tmp")}
    if not FAKETIME.exists():
        return settings, False
    (folder / "clock").write_text("+0\n")
    (folder / "bin").mkdir()
    server = folder / "bin" / SERVERS[0]
    server.write_text(FAKED.format(library=FAKETIME, clock=folder / "clock", server=find_server()))
    server.chmod(0o755)
    return settings | {"PATH": f"{server.parent}:{os.environ['PATH']}"}, True


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Mount a small disk in memory at `folder`; yield whether this user may do so."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", str(folder)]
    mounted = (
        shutil.which("mount") is not None and subprocess.run(command, capture_output=True).returncode == 0
    )
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def resume(pid: int) -> None:
    """Let a stopped process go on, if it still is."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
