"""One supervised child: restarts, lines, stopping in time. The children are real processes."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from deploy.processes import CANNOT_WORK, Child, Command
from ingest.child_process import exit_reason
from tests.processes import is_alive

STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
SLEEP = "import time; print('here', flush=True); time.sleep(60)\n"
# Starts a child of its own, says its pid, and waits.
PARENT = (
    "import subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "print(child.pid, flush=True); time.sleep(60)\n"
)


def command(program: str, *, once: bool = False) -> Command:
    return Command("child", (sys.executable, "-c", program), os.environ, once=once)


async def comes(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(30):
            await test()

    asyncio.run(within())


def test_a_child_that_dies_is_started_again_and_a_line_says_so(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    marks = tmp_path / "marks"

    async def test() -> None:
        child = Child(command(f"open({str(marks)!r}, 'a').write('x'); raise SystemExit(3)"))
        child.start()
        await comes(lambda: marks.exists() and len(marks.read_text()) >= 3)
        await child.stop(5)

    run(test)
    said = capfd.readouterr().err
    assert "child ended with exit code 3; starting it again in 0.2 s" in said
    assert "child ended with exit code 3; starting it again in 0.4 s" in said


def test_a_child_that_cannot_be_started_is_tried_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    program, mark = tmp_path / "program", tmp_path / "mark"

    async def test() -> None:
        child = Child(Command("child", (str(program),), os.environ))
        child.start()
        said = ""
        async with asyncio.timeout(10):
            while "again in 0.4 s" not in said:
                said += capfd.readouterr().err
                await asyncio.sleep(0.01)
        assert "child  |" not in said
        assert "cannot be started: [Errno 2] No such file or directory" in said
        program.write_text(f"#!/bin/sh\ntouch {mark}\n")
        program.chmod(0o755)
        await comes(mark.exists)
        await child.stop(5)

    run(test)


def test_lines_bear_the_name_even_without_an_end(capfd: pytest.CaptureFixture[str]) -> None:
    async def test() -> None:
        child = Child(command("import sys; print('one'); sys.stderr.write('two')", once=True))
        assert await child.start() == 0

    run(test)
    assert sorted(capfd.readouterr().err.splitlines()) == ["child  | one", "child  | two"]


def test_a_child_that_cannot_work_is_not_started_again() -> None:
    async def test() -> None:
        assert await Child(command(f"raise SystemExit({CANNOT_WORK})")).start() == CANNOT_WORK

    run(test)


def test_a_stubborn_child_is_killed_when_patience_ends(capfd: pytest.CaptureFixture[str]) -> None:
    async def test() -> None:
        child = Child(command(STUBBORN + SLEEP))
        kept = child.start()
        await comes(lambda: "here" in capfd.readouterr().err)
        asked = time.monotonic()
        await child.stop(0.3)
        assert 0.3 <= time.monotonic() - asked < 2
        assert kept.result() == -signal.SIGKILL

    run(test)


def test_a_child_is_stopped_while_it_waits_to_be_started_again(capfd: pytest.CaptureFixture[str]) -> None:
    async def test() -> None:
        child = Child(command("raise SystemExit(1)"))
        child.start()
        said = ""
        async with asyncio.timeout(10):
            while "again in 0.8 s" not in said:
                said += capfd.readouterr().err
                await asyncio.sleep(0.01)
        asked = time.monotonic()
        await child.stop(5)
        assert time.monotonic() - asked < 0.5

    run(test)


def test_what_a_killed_child_had_started_goes_too(capfd: pytest.CaptureFixture[str]) -> None:
    async def test() -> None:
        child = Child(command(PARENT))
        kept = child.start()
        said = ""
        async with asyncio.timeout(10):
            while "\n" not in said:
                said += capfd.readouterr().err
                await asyncio.sleep(0.01)
        grandchild = int(said.split("|")[1])
        assert is_alive(grandchild)
        asked = time.monotonic()
        await child.stop(5)
        assert time.monotonic() - asked < 2
        assert kept.done()
        await comes(lambda: not is_alive(grandchild))

    run(test)


def test_ends_are_told_in_words() -> None:
    assert exit_reason(-signal.SIGKILL) == "was killed by SIGKILL"
    assert exit_reason(1) == "ended with exit code 1"
