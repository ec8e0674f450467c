"""Calls `mien run` in a forked child, so that a thousand calls pay for its imports once."""

import csv
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import api.verbs.run  # noqa: F401  # with all that the children need
from api.cli import main
from tests.fuzz.verdict import TIME_LIMIT, Outcome, Rows

POLL_INTERVAL = 0.01  # seconds


def call(clip: Path, out: Path) -> Outcome:
    """Read the clip as `mien run CLIP --out OUT` does, and return what came of it."""
    errors = out.with_suffix(".errors")
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        _become(["run", str(clip), "--out", str(out), "--threads", "1"], errors)
    code, memory = _awaited(child, began + TIME_LIMIT)
    folder = out / clip.stem
    return Outcome(
        code,
        errors.read_text(errors="replace"),
        time.monotonic() - began,
        memory,
        _summary(folder / "summary.json"),
        _rows(folder / "coverage.csv"),
        _rows(folder / "readings.csv"),
    )


def _become(arguments: list[str], errors: Path) -> None:
    """Run the command in this forked child, which ends with its exit code."""
    code = 1
    try:
        for file, number in ((os.devnull, 1), (errors, 2)):
            os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        code = main(arguments)
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    except BaseException as error:  # to the file, as the interpreter does it
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        sys.stderr.flush()
        os._exit(code)


def _awaited(child: int, deadline: float) -> tuple[int | None, int]:
    """Return the exit code, None if it had to be killed at the deadline, and the peak of memory in bytes."""
    late = False
    while True:
        pid, status, usage = os.wait4(child, 0 if late else os.WNOHANG)
        if pid:
            return None if late else os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            late = True
        else:
            time.sleep(POLL_INTERVAL)


def _summary(path: Path) -> dict[str, Any] | None:
    return json.loads(path.read_text()) if path.exists() else None


def _rows(path: Path) -> Rows:
    if not path.exists():
        return ()
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
