"""`mien serve` from start to end, with all its real processes."""

import os
import signal
import socket
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.data_folder import short_folder
from deploy.endpoint import Endpoint
from deploy.serve import serve
from deploy.supervisor import STOP_TIMEOUTS, ServeOptions
from tests.deploy.service import Service, free_port, sockets
from tests.processes import is_alive
from tests.waiting import until

LONGEST_STOP = sum(STOP_TIMEOUTS.values()) + 5  # seconds


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service for the tests that leave it running."""
    service = Service(tmp_path_factory.mktemp("serve") / "data")
    service.address()
    yield service
    service.close()


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path / "data")
    yield service
    service.close()


def answers(address: str) -> bool:
    try:
        return bool(urllib.request.urlopen(f"{address}/healthz", timeout=1).status == 200)
    except OSError:
        return False


def all_gone(pids: set[int]) -> bool:
    return not any(is_alive(pid) for pid in pids)


def test_it_serves_and_is_gone_after_sigterm(started: Service) -> None:
    address = started.address()
    assert urllib.request.urlopen(f"{address}/healthz").status == 200
    parts = {started.pid_of(part) for part in ("redis", "ingest", "engine", "api")}
    pids = started.pids()
    assert parts < pids
    assert sockets(started.data)

    started.process.send_signal(signal.SIGTERM)
    assert started.process.wait(LONGEST_STOP) == 0
    assert all_gone(pids)
    assert not sockets(started.data)


def test_ctrl_c_stops_it_too(started: Service) -> None:
    started.address()
    pids = started.pids()
    started.process.send_signal(signal.SIGINT)
    assert started.process.wait(LONGEST_STOP) == 0
    assert all_gone(pids)
    assert not any("killed" in line or "Traceback" in line for line in started.lines)


def test_a_part_that_takes_some_seconds_to_end_is_not_killed(started: Service) -> None:
    started.address()
    engine = started.pid_of("engine")
    os.kill(engine, signal.SIGSTOP)  # as on a machine that is too busy
    started.process.send_signal(signal.SIGTERM)
    resume = threading.Timer(4.5, os.kill, (engine, signal.SIGCONT))
    resume.start()
    assert started.process.wait(LONGEST_STOP) == 0
    resume.join()
    assert not any("killed" in line for line in started.lines)


def test_nothing_is_left_when_the_supervisor_is_killed(started: Service) -> None:
    started.address()
    pids = started.pids()
    started.process.kill()
    until(lambda: all_gone(pids), 5, "the end of all its processes")
    assert not sockets(started.data)


def test_killed_parts_restart(running: Service) -> None:
    address = running.address()
    for part in ("redis", "ingest", "engine", "api"):
        first = running.pid_of(part)
        os.kill(first, signal.SIGKILL)
        until(lambda: not is_alive(first), 5, f"the end of {part}")  # noqa: B023
        assert running.pid_of(part) != first
        assert f"serve  | {part} was killed by SIGKILL; starting it again in 0.2 s" in running.lines
    until(lambda: answers(address), 20, "an answer after the restarts")


def test_after_a_kill_it_starts_again_at_once_on_the_same_folder(started: Service) -> None:
    started.address()
    started.process.kill()
    again = Service(started.data)
    again.address()
    again.close()


def test_a_second_service_on_the_same_folder_is_refused(running: Service) -> None:
    second = Service(running.data)
    assert second.process.wait(10) == 2
    second.close()
    assert second.lines == [
        f"mien serve: {running.data}: another mien serve uses this folder (process {running.process.pid})"
    ]


def test_an_occupied_port_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        service = Service(tmp_path / "data", port=port)
        assert service.process.wait(10) == 2
        service.close()
    assert service.lines == [f"mien serve: cannot listen on 127.0.0.1:{port}: Address already in use"]


def test_a_file_as_data_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    service = Service(tmp_path / "file")
    assert service.process.wait(10) == 2
    service.close()
    assert len(service.lines) == 1
    assert str(tmp_path / "file") in service.lines[0]


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("MIEN_RETENTION", "soon", "must be a duration such as 90m, 24h or 7d, at most 36500d, got 'soon'"),
        ("MIEN_OPEN_TIMEOUT", "inf", "must be between 0.1 and 600 seconds, got 'inf'"),
        ("MIEN_DETECTOR", "yolo", "must be mien or yunet, got 'yolo'"),
        ("MIEN_PRECISION", "fp8", "must be auto or fp32, got 'fp8'"),
        (
            "MIEN_SOURCE_NETWORKS",
            "a b",
            "must be networks such as 192.168.1.0/24, host names, or webcam, with commas between, got 'a b'",
        ),
    ],
)
def test_a_wrong_setting_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
    why: str,
) -> None:
    monkeypatch.setenv(name, value)
    options = ServeOptions(
        Endpoint("127.0.0.1", free_port()), tmp_path / "data", tmp_path / "media", demo=False
    )
    assert serve(options) == 2
    assert capsys.readouterr().err == f"mien serve: {name} {why}\n"


def test_a_path_too_long_for_a_socket_works(tmp_path: Path) -> None:
    data = tmp_path / ("long " * 20 + "é") / "data"
    service = Service(data)
    service.address()
    elsewhere = short_folder(data / "redis")
    assert len(sockets(elsewhere)) == 1
    assert elsewhere.stat().st_mode & 0o077 == 0
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(LONGEST_STOP) == 0
    service.close()
    assert not elsewhere.exists()


def test_there_is_an_engine_for_each_shard(tmp_path: Path) -> None:
    service = Service(tmp_path / "data", MIEN_SHARDS="2")
    try:
        service.address()
        starts = [f"engine:{shard} | mien" for shard in (0, 1)]
        until(
            lambda: all(any(line.startswith(each) for line in service.lines) for each in starts),
            30,
            "engines",
        )
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(LONGEST_STOP) == 0
        assert not any("killed" in line or "Traceback" in line for line in service.lines)
    finally:
        service.close()
