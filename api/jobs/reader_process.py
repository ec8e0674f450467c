"""The process that reads a recording, as the worker sees it: its reports, and pause, cancel and kill."""

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

    def __init__(self, task: ReadTask, module: str = MODULE) -> None:
        self.paused = False
        self._active_at = time.monotonic()
        self._bytes_read = 0
        self._pipe = LinePipe()
        try:
            self._process = subprocess.Popen(
                # -P: a folder `api` in the current directory must not be imported.
                [sys.executable, "-P", "-m", module, json.dumps(asdict(task))],
                stdin=subprocess.DEVNULL,
                stdout=self._pipe.input,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
                preexec_fn=ends_with_parent(signal.SIGKILL),
            )
        finally:
            self._pipe.close_input()

    def reports(self, timeout: float) -> list[dict[str, Any]]:
        """Return the new reports; wait up to `timeout` seconds for one."""
        select.select([self._pipe.output], [], [], timeout)
        lines = self._pipe.read()
        if lines:
            self._active_at = time.monotonic()
        return [json.loads(line) for line in lines]

    def idle(self) -> float:
        """Return the seconds since the last report or read; a reader that seeks reports nothing."""
        if (count := self._count_bytes_read()) != self._bytes_read:
            self._bytes_read, self._active_at = count, time.monotonic()
        return time.monotonic() - self._active_at

    def _count_bytes_read(self) -> int:
        try:
            counters = Path(f"/proc/{self._process.pid}/io").read_text()
        except OSError:  # the process is gone
            return self._bytes_read
        return int(counters.split()[1])  # rchar: …

    def exit_code(self) -> int | None:
        """Return None while it runs, and minus the signal's number if a signal ended it."""
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

    def cancel(self) -> None:
        """Stop reading: the process writes the results of what it has read, and ends."""
        self.resume()
        self._process.terminate()

    def close(self) -> None:
        """Kill the process, and wait for its end."""
        self._process.kill()
        self._process.wait()
        self._pipe.close()
