"""The process that reads a recording, as the worker sees it: what it said, and how to stop it."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from api.jobs.read_task import ReadTask
from ingest.child_process import LinePipe, ends_with_parent

MODULE = "api.jobs.reading"


class Child:
    """A running reader; it goes when the worker goes."""

    def __init__(self, task: ReadTask) -> None:
        self.paused = False
        self._heard_at = time.monotonic()
        self._read = 0  # bytes
        self._pipe = LinePipe()
        try:
            self._process = subprocess.Popen(
                # -P: a folder called `api` where the worker stands is not ours.
                [sys.executable, "-P", "-m", MODULE, json.dumps(asdict(task))],
                stdin=subprocess.DEVNULL,
                stdout=self._pipe.input,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
                preexec_fn=ends_with_parent(signal.SIGKILL),
            )
        finally:
            self._pipe.close_input()

    def hear(self, wait: float) -> list[dict[str, Any]]:
        """Return its reports; wait up to `wait` seconds for the first."""
        select.select([self._pipe.output], [], [], wait)
        lines = self._pipe.read()
        if lines:
            self._heard_at = time.monotonic()
        return [json.loads(line) for line in lines]

    def silence(self) -> float:
        """Seconds since it last said something or read on: it says nothing while it finds its place."""
        if (read := self._bytes_read()) != self._read:
            self._read, self._heard_at = read, time.monotonic()
        return time.monotonic() - self._heard_at

    def _bytes_read(self) -> int:
        try:
            counters = Path(f"/proc/{self._process.pid}/io").read_text()
        except OSError:  # it is gone
            return self._read
        return int(counters.split()[1])  # rchar: …

    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number where one ended it."""
        return self._process.poll()

    def pause(self) -> None:
        """Stops it where it is."""
        if not self.paused:
            self.paused = True
            self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        if self.paused:
            self.paused = False
            self._heard_at = time.monotonic()
            self._process.send_signal(signal.SIGCONT)

    def conclude(self) -> None:
        """Asks it to end with what it has."""
        self.go_on()
        self._process.terminate()

    def close(self) -> None:
        """Ends it, however it stands."""
        self._process.kill()
        self._process.wait()
        self._pipe.close()
