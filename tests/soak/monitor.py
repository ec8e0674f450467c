"""Watches a running service: memory and open files of its processes, and the age of its oldest data."""

import json
import threading
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from deploy.data_folder import REDIS_FOLDER, socket_path
from ingest.bus.connection import REDIS_ERRORS, connect
from ingest.bus.keys import overview_key, timeline_key
from tests.soak.verdict import MemorySample
from tests.soak.world import CAMERAS, World

INTERVAL = 5.0  # seconds
MOMENTS = ("captured_at", "ended_at", "at")  # fields of a message, one of which has its time


@dataclass(slots=True)
class Monitor:
    """Samples until `stop` is set."""

    world: World
    stop: threading.Event
    log: Path | None = None  # to which the lines of the service are written
    samples: list[MemorySample] = field(default_factory=list)
    files: list[int] = field(default_factory=list)  # open files of the supervisor
    oldest: float = 0.0  # seconds, the greatest age of an entry
    _began: float = field(default_factory=time.monotonic)
    _first_seen: dict[int, float] = field(default_factory=lambda: defaultdict(time.monotonic))

    def run(self) -> None:
        while not self.stop.wait(INTERVAL):
            self._sample_processes()
            self._write_log()
            self.oldest = max([self.oldest, *self._ages()])

    def _write_log(self) -> None:
        if self.log is not None:
            self.log.write_text("".join(f"{line}\n" for line in self.world.service.lines))

    def _sample_processes(self) -> None:
        now = time.monotonic()
        for part, pids in self.world.pids().items():
            for pid in pids:
                with suppress(psutil.Error):  # it has ended
                    memory = psutil.Process(pid).memory_info().rss
                    age = max(0.0, now - self._first_seen[pid])
                    self.samples.append(MemorySample(part, pid, now - self._began, age, memory))
        with suppress(psutil.Error):
            self.files.append(psutil.Process(self.world.service.process.pid).num_fds())

    def _ages(self) -> list[float]:
        """Return the age of the oldest entry of each stream; none while Redis does not answer."""
        url = f"unix://{socket_path(self.world.service.data / REDIS_FOLDER)}?db=0"
        try:
            with connect(url, retries=0) as client:
                keys = [key(source) for source in CAMERAS for key in (timeline_key, overview_key)]
                found: Any = [client.xrange(key, count=1) for key in keys]
        except REDIS_ERRORS:
            return []
        now = time.time()
        return [now - moment(fields[b"type"], fields[b"body"]) for entries in found for _, fields in entries]


def moment(kind: bytes, body: bytes) -> float:
    """Return when the message of an entry happened, in seconds since the epoch."""
    if kind == b"seconds":
        return int(body.split(b" ", 2)[1]) / 1000
    message = json.loads(body)
    text = next(message[name] for name in MOMENTS if message.get(name))
    return datetime.fromisoformat(text).timestamp()
