"""The process that reads a recording, as the worker sees it: its reports, and how to pause and end it."""

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


class ReaderProcess:
    """A running reader; it ends with the worker."""

    def __init__(self, task: ReadTask) -> None:
        self.paused = False
        self._active_at = time.monotonic()
        self._read = 0  # bytes
        self._pipe = LinePipe()
        try:
            self._process = subprocess.Popen(
                # -P: a folder `api` in the worker's directory must not be imported.
                [sys.executable, "-P", "-m", MODULE, json.dumps(asdict(task))],
                stdin=subprocess.DEVNULL,
                stdout=self._pipe.input,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
                preexec_fn=ends_with_parent(signal.SIGKILL),
            )
        finally:
            self._pipe.close_input()

    def poll(self, timeout: float) -> list[dict[str, Any]]:
        """Return new reports; wait up to `timeout` seconds for the first."""
        select.select([self._pipe.output], [], [], timeout)
        lines = self._pipe.read()
        if lines:
            self._active_at = time.monotonic()
        return [json.loads(line) for line in lines]

    def idle_time(self) -> float:
        """Return the seconds without a report and without reading: a seek to a checkpoint only reads."""
        if (read := self._bytes_read()) != self._read:
            self._read, self._active_at = read, time.monotonic()
        return time.monotonic() - self._active_at

    def _bytes_read(self) -> int:
        try:
            counters = Path(f"/proc/{self._process.pid}/io").read_text()
        except OSError:  # the process has ended
            return self._read
        return int(counters.split()[1])  # rchar: …

    def exit_code(self) -> int | None:
        """Return None while it runs; a negative number is the signal that ended it."""
        return self._process.poll()

    def pause(self) -> None:
        if not self.paused:
            self.paused = True
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        if self.paused:
            self.paused = False
            self._active_at = time.monotonic()
            self._process.send_signal(signal.SIGCONT)

    def terminate(self) -> None:
        """Ask it to write its results so far, and end."""
        self.resume()
        self._process.terminate()

    def close(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
        self._pipe.close()
