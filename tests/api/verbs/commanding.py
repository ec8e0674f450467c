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

    def error_line(self) -> str:
        """Return the only line on standard error, without its prefix."""
        (line,) = self.err.splitlines()
        assert line.startswith("mien: ")
        return line.removeprefix("mien: ")


def call(capfd: pytest.CaptureFixture[str], *arguments: object) -> Called:
    """Call it in this process, which loads the code under test only once."""
    capfd.readouterr()
    try:
        code = main([str(argument) for argument in arguments])
    except SystemExit as exit_:  # argparse
        code = int(exit_.code or 0)
    output = capfd.readouterr()
    return Called(code, output.out, output.err)


def start(*arguments: object) -> subprocess.Popen[str]:
    """Start it in a process of its own."""
    return subprocess.Popen(
        [str(MIEN), *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run it in a process of its own, which is killed after a minute."""
    command = [str(MIEN), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
