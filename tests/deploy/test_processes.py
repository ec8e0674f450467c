"""A supervised process: restarts, output, and stopping. The children are real processes."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.output import ChildOutput
from deploy.processes import CANNOT_WORK, Command, SupervisedProcess
from ingest.child_process import exit_reason
from tests.processes import is_alive

IGNORE_SIGTERM = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
SLEEP = "import time; print('ready', flush=True); time.sleep(60)\n"
# Starts a child of its own, prints its pid, and waits.
PARENT = (
    "import subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "print(child.pid, flush=True); time.sleep(60)\n"
)


def command(program: str, *, once: bool = False) -> Command:
    return Command("child", (sys.executable, "-c", program), os.environ, once=once)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(30):
            await test()

    asyncio.run(within())


def test_a_child_that_ends_is_restarted_and_a_line_reports_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    marks = tmp_path / "marks"

    async def test() -> None:
        child = SupervisedProcess(command(f"open({str(marks)!r}, 'a').write('x'); raise SystemExit(3)"))
        child.start()
        await until(lambda: marks.exists() and len(marks.read_text()) >= 3)
        await child.stop(5)

    run(test)
    output = capfd.readouterr().err
    assert "child ended with exit code 3; starting it again in 0.2 s" in output
    assert "child ended with exit code 3; starting it again in 0.4 s" in output


def test_what_failed_is_mended_before_it_is_restarted(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    broken, started = tmp_path / "broken", tmp_path / "started"
    broken.touch()

    def mend() -> str | None:
        broken.unlink(missing_ok=True)
        return "a file was mended"

    async def test() -> None:
        program = f"import os, time; os.path.exists({str(broken)!r}) and exit(1)\n"
        program += f"open({str(started)!r}, 'w'); time.sleep(60)"
        child = SupervisedProcess(replace(command(program), mend=mend))
        child.start()
        await until(started.exists)
        await child.stop(5)

    run(test)
    assert "child: a file was mended" in capfd.readouterr().err


def test_a_command_that_cannot_run_is_retried(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    program, mark = tmp_path / "program", tmp_path / "mark"

    async def test() -> None:
        child = SupervisedProcess(Command("child", (str(program),), os.environ))
        child.start()
        output = ""
        async with asyncio.timeout(10):
            while "again in 0.4 s" not in output:
                output += capfd.readouterr().err
                await asyncio.sleep(0.01)
        assert "child  |" not in output
        assert "cannot be started: [Errno 2] No such file or directory" in output
        program.write_text(f"#!/bin/sh\ntouch {mark}\n")
        program.chmod(0o755)
        await until(mark.exists)
        await child.stop(5)

    run(test)


def test_output_has_the_name_before_each_line(capfd: pytest.CaptureFixture[str]) -> None:
    async def test() -> None:
        child = SupervisedProcess(command("import sys; print('one'); sys.stderr.write('two')", once=True))
        assert await child.start() == 0

    run(test)
    assert sorted(capfd.readouterr().err.splitlines()) == ["child  | one", "child  | two"]


def test_a_child_that_cannot_work_is_not_restarted() -> None:
    async def test() -> None:
        assert await SupervisedProcess(command(f"raise SystemExit({CANNOT_WORK})")).start() == CANNOT_WORK

    run(test)


def test_a_child_that_ignores_sigterm_is_killed_after_the_timeout(capfd: pytest.CaptureFixture[str]) -> None:
    async def test() -> None:
        child = SupervisedProcess(command(IGNORE_SIGTERM + SLEEP))
        task = child.start()
        await until(lambda: "ready" in capfd.readouterr().err)
        await child.stop(0.3)
        assert "child did not stop within 0.3 s and is killed" in capfd.readouterr().err
        assert task.result() == -signal.SIGKILL

    run(test)


def test_a_child_is_stopped_while_it_waits_for_its_restart(capfd: pytest.CaptureFixture[str]) -> None:
    async def test() -> None:
        child = SupervisedProcess(command("raise SystemExit(1)"))
        child.start()
        output = ""
        async with asyncio.timeout(10):
            while "again in 0.8 s" not in output:
                output += capfd.readouterr().err
                await asyncio.sleep(0.01)
        await child.stop(5)
        assert "is killed" not in capfd.readouterr().err

    run(test)


def test_children_of_a_child_end_with_it(capfd: pytest.CaptureFixture[str]) -> None:
    async def test() -> None:
        child = SupervisedProcess(command(PARENT))
        task = child.start()
        output = ""
        async with asyncio.timeout(10):
            while "\n" not in output:
                output += capfd.readouterr().err
                await asyncio.sleep(0.01)
        grandchild = int(output.split("|")[1])
        assert is_alive(grandchild)
        await child.stop(5)
        assert "is killed" not in capfd.readouterr().err
        assert task.done()
        await until(lambda: not is_alive(grandchild))

    run(test)


def test_exit_codes_have_a_reason() -> None:
    assert exit_reason(-signal.SIGKILL) == "was killed by SIGKILL"
    assert exit_reason(1) == "ended with exit code 1"


def test_a_child_that_fails_again_and_again_prints_its_traceback_once_a_minute(
    capfd: pytest.CaptureFixture[str],
) -> None:
    now = 0.0
    output = ChildOutput("engine", lambda: now)
    for attempt in range(20):
        now = 5.0 * attempt
        for line in ("Traceback", "ValueError", f"attempt {attempt}"):
            output.print(line)
        output.print("engine ended; starting it again in 5 s", "serve")
        output.failing = True
    lines = capfd.readouterr().err.splitlines()
    assert lines.count("engine | ValueError") == 2
    assert lines.count("serve  | engine ended; starting it again in 5 s") == 2
    assert lines.count("engine | attempt 19") == 1
    assert "serve  | 3 repeated lines of engine were left out" in lines


def test_a_healthy_child_prints_each_line(capfd: pytest.CaptureFixture[str]) -> None:
    output = ChildOutput("engine")
    for _ in range(3):
        output.print("same")
    assert capfd.readouterr().err.splitlines() == ["engine | same"] * 3
