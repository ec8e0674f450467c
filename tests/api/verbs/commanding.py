"""Calls the command as a user does, in this process or in one of its own."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.cli import main

MIEN = Path(sys.executable).with_name("mien")


@dataclass(frozen=True, slots=True)
class Called:
    """The result of a call of the command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def complaint(self) -> str:
        """The one line on standard error, which no traceback is."""
        (line,) = self.err.splitlines()
        assert line.startswith("mien: ")
        return line.removeprefix("mien: ")


def call(capfd: pytest.CaptureFixture[str], *words: object) -> Called:
    """In this process: the code under test is loaded once."""
    capfd.readouterr()
    try:
        code = main([str(word) for word in words])
    except SystemExit as exit_:  # argparse
        code = int(exit_.code or 0)
    said = capfd.readouterr()
    return Called(code, said.out, said.err)


def start(*words: object) -> subprocess.Popen[str]:
    """In a process of its own."""
    return subprocess.Popen(
        [str(MIEN), *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(*words: object) -> subprocess.CompletedProcess[str]:
    """In a process of its own, which is killed if it does not end."""
    command = [str(MIEN), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
