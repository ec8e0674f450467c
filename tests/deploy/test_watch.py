"""The watch over supervised processes: real ones that are stopped, and start again by themselves."""

import asyncio
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from deploy.liveness import forget_heartbeat, has_heartbeat
from deploy.processes import Command, SupervisedProcess
from deploy.redis_server import RedisServer
from deploy.serve import embedded_redis
from deploy.watch import Patience, SignOfLife, Silence, watch
from ingest.bus.connection import connect
from ingest.bus.heartbeat import local_beat_key
from tests.processes import command_line, family
from tests.waiting import until as awaited

PATIENCE = Patience(silent=0.2, starting=30.0, interval=0.05, first_interval=0.05)
# Sends the heartbeats of a part, and starts a child of its own.
PART = (
    "import subprocess, sys, time\n"
    "from ingest.bus.connection import connect\n"
    "from ingest.bus.heartbeat import send_heartbeat\n"
    "subprocess.Popen(['sleep', '60'])\n"
    "while True: send_heartbeat(connect(sys.argv[1]), 'engine:0'); time.sleep(0.02)\n"
)


async def until(sign: SignOfLife, *, alive: bool) -> None:
    async with asyncio.timeout(20):
        while await sign() is not alive:
            await asyncio.sleep(0.01)


async def stop_and_await_another(child: SupervisedProcess, sign: SignOfLife, patience: Patience) -> None:
    """Stop the child with SIGSTOP as soon as it is alive, and wait until another one is."""
    supervision = child.start()
    watching = asyncio.create_task(watch(child, supervision, sign, patience))
    await until(sign, alive=True)
    pid = child.pid
    assert pid is not None
    if patience.starting > patience.silent:
        await asyncio.sleep(3 * patience.interval)  # the watch has seen it alive
    os.kill(pid, signal.SIGSTOP)
    async with asyncio.timeout(20):
        while child.pid in (pid, None):
            await asyncio.sleep(0.01)
    await until(sign, alive=True)
    await child.stop(5)
    await watching


def test_a_stopped_redis_is_killed_and_starts_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    redis = embedded_redis(tmp_path / "redis", os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT))
    child = SupervisedProcess(redis.command)
    responds = partial(asyncio.to_thread, redis.server.responds)
    asyncio.run(stop_and_await_another(child, responds, PATIENCE.from_start()))
    lines = capfd.readouterr().err
    assert "redis shows no sign of life and is killed" in lines
    assert "redis was killed by SIGKILL; starting it again" in lines


def test_a_part_that_sends_no_heartbeats_is_killed_and_starts_again(redis_server: RedisServer) -> None:
    url = redis_server.url
    child = SupervisedProcess(Command("engine", (sys.executable, "-c", PART, url), os.environ))

    async def sign() -> bool | None:
        beats = await asyncio.to_thread(has_heartbeat, "engine:0", url)
        with connect(url) as client:  # instead of the seconds until it expires
            client.delete(local_beat_key("engine:0"))
        await asyncio.sleep(PATIENCE.interval)
        return beats

    asyncio.run(stop_and_await_another(child, sign, PATIENCE))


def test_a_heartbeat_of_the_process_before_is_no_sign_of_life(redis_server: RedisServer) -> None:
    """A part that starts slowly has its time also where the heartbeat of the last one is still there."""
    part, url = "engine:0", redis_server.url
    child = SupervisedProcess(Command("engine", ("sleep", "60"), os.environ))
    with connect(url) as client:
        client.set(local_beat_key(part), "1")  # it does not expire

    async def test() -> None:
        beats = partial(asyncio.to_thread, has_heartbeat, part, url)
        forget = partial(asyncio.to_thread, forget_heartbeat, part, url)
        supervision = child.start()
        watching = asyncio.create_task(watch(child, supervision, beats, PATIENCE, forget))
        await until(beats, alive=False)
        await child.stop(5)
        await watching

    asyncio.run(test())


def test_a_task_that_hangs_starts_again(tmp_path: Path) -> None:
    """A task that runs once ends with its exit code, but not if it was killed because it hung."""
    mark = tmp_path / "mark"
    program = (
        f"import pathlib, time; m = pathlib.Path({str(mark)!r}); m.exists() or m.touch() or time.sleep(60)"
    )

    async def test() -> int:
        child = SupervisedProcess(Command("demo", (sys.executable, "-c", program), os.environ, once=True))
        supervision = child.start()
        while not mark.exists():
            await asyncio.sleep(0.01)
        child.kill("hangs")
        return await supervision

    assert asyncio.run(test()) == 0


def test_nothing_is_known_while_redis_does_not_answer(tmp_path: Path) -> None:
    assert has_heartbeat("engine:0", f"unix://{tmp_path}/none.sock") is None


def test_a_part_of_a_container_runs_until_it_is_stopped(redis_server: RedisServer, tmp_path: Path) -> None:
    """`mien supervise` starts a job worker, again after a kill, and stops it with itself."""
    command = [sys.executable, "-m", "deploy.single", "jobs", "jobs"]
    settings = {"REDIS_URL": redis_server.url, "MIEN_DATA": str(tmp_path)}
    with subprocess.Popen(command, env=os.environ | settings, stderr=subprocess.PIPE, text=True) as process:

        def worker() -> int | None:
            return next((pid for pid in family(process.pid) if "api.jobs" in command_line(pid)), None)

        first = awaited(worker, 20, "a worker")
        os.kill(first, signal.SIGKILL)
        awaited(lambda: worker() not in (None, first), 20, "another worker")
        process.terminate()
        assert process.wait(20) == 0
        assert worker() is None


PATIENT = Patience()


def hung_after(silence: Silence, alive: bool | None, start: float) -> float:
    """Return the seconds of checks, one a second, until the process counts as hung."""
    for second in range(1, 1000):
        if silence.is_hung(alive, start + second):
            return second
    return float("inf")


def test_a_process_hangs_after_its_silence() -> None:
    silence = Silence(PATIENT, 0.0)
    assert not silence.is_hung(True, 1.0)
    assert hung_after(silence, False, 1.0) == PATIENT.silent


def test_a_process_has_more_time_before_its_first_sign_of_life() -> None:
    assert hung_after(Silence(PATIENT, 0.0), False, 0.0) == PATIENT.starting


def test_a_process_that_answers_at_once_has_no_more_time_at_its_start() -> None:
    assert hung_after(Silence(PATIENT.from_start(), 0.0), False, 0.0) == PATIENT.silent


def test_the_first_sign_of_life_is_looked_for_more_often() -> None:
    silence = Silence(PATIENT, 0.0)
    assert silence.interval == PATIENT.first_interval < PATIENT.interval
    silence.is_hung(True, 0.25)
    assert silence.interval == PATIENT.interval


def test_an_expired_heartbeat_is_part_of_the_silence() -> None:
    silence = Silence(PATIENT.after_expiry(), 0.0)
    silence.is_hung(True, 1.0)
    assert hung_after(silence, False, 1.0) == 25.0


@pytest.mark.parametrize("alive", [True, None])
def test_a_sign_of_life_or_an_unknown_one_ends_the_silence(alive: bool | None) -> None:
    silence = Silence(PATIENT, 0.0)
    silence.is_hung(True, 1.0)
    for second in range(2, 200):
        assert not silence.is_hung(alive if second % 20 == 0 else False, float(second))


def test_time_in_which_nothing_was_checked_is_no_silence() -> None:
    silence = Silence(PATIENT, 0.0)
    silence.is_hung(True, 1.0)
    assert not silence.is_hung(False, 3600.0)
    assert hung_after(silence, False, 3600.0) == PATIENT.silent - 2 * PATIENT.interval
