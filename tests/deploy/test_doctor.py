"""`mien doctor`: its findings, and that each check runs whatever the others find."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.data_folder import REDIS_FOLDER, remove_short_folder, socket_path
from deploy.redis_server import RedisServer
from engine.runtimes.runtime import NoGpuError
from engine.runtimes.tensorrt.driver import check_gpu
from ingest.bus.connection import connect
from ingest.bus.keys import SOURCES
from ingest.bus.source_config import SourceConfig, encode_config
from tests.api.serving import free_port

# Runs the doctor without some packages.
WITHOUT = """
import runpy, sys
for name in {names!r}:
    sys.modules[name] = None
sys.argv = ["mien doctor", *{words!r}]
runpy.run_module("deploy.doctor", run_name="__main__")
"""


def doctor(*words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    return run([sys.executable, "-P", "-m", "deploy.doctor", *words], settings)


def run(command: list[str], settings: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MIEN_")}
    environment.pop("REDIS_URL", None)
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**environment, **settings},
    )


def found(ran: "subprocess.CompletedProcess[str]") -> dict[str, dict[str, Any]]:
    """Return the findings by name."""
    report = json.loads(ran.stdout)
    assert report["works"] == (ran.returncode == 0)
    return {finding["name"]: finding for finding in report["findings"]}


def test_each_finding_is_a_line(tmp_path: Path) -> None:
    ran = doctor("--data", str(tmp_path), "--port", str(free_port()))
    assert (ran.returncode, ran.stderr) == (0, "")
    states = {line[6:24].strip(): line[:6].strip() for line in ran.stdout.splitlines()}
    names = ("Python", "data folder", "decoder", "networks", "ONNX Runtime", "settings", "Redis", "port")
    assert {states[name] for name in names} == {"ok"}
    assert {"cores", "memory", "GPU", "demo"} <= set(states)


def test_a_fault_comes_with_advice(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = doctor(
        "--data",
        str(tmp_path / "file" / "data"),
        "--json",
        MIEN_RETENTION="soon",
        MIEN_DETECTOR="yunet",
        MIEN_RUNTIME="warp",
        REDIS_URL=f"unix://{tmp_path}/none.sock",
    )
    findings = found(ran)
    assert ran.returncode == 1
    faults = {name for name, finding in findings.items() if finding["state"] == "fault"}
    assert faults == {"data folder", "settings", "networks", "GPU", "Redis"}
    assert all(findings[name]["advice"] for name in faults)
    assert "MIEN_RETENTION" in findings["settings"]["found"]
    assert "yunet.onnx: no such weight file" in findings["networks"]["found"]


def test_missing_packages_stop_no_other_check(tmp_path: Path) -> None:
    words = ["--data", str(tmp_path), "--json"]
    program = WITHOUT.format(names=["av", "redis", "onnxruntime", "skimage"], words=words)
    ran = run([sys.executable, "-P", "-c", program], {})
    findings = found(ran)
    assert ran.returncode == 1
    assert findings["decoder"]["found"] == "the package av cannot be loaded"
    assert findings["Redis"]["found"] == "the package redis cannot be loaded"
    assert findings["ONNX Runtime"]["found"] == "the package onnxruntime cannot be loaded"
    assert findings["networks"]["state"] == "ok"


def test_tensorrt_is_not_loaded_where_there_is_no_driver(tmp_path: Path) -> None:
    """Importing these doubles ends the process, as some calls of TensorRT do."""
    try:
        check_gpu()
    except NoGpuError:
        for name in ("tensorrt", "pycuda"):
            (tmp_path / f"{name}.py").write_text("import os; os.abort()")
        ran = doctor("--data", str(tmp_path), "--json", PYTHONPATH=str(tmp_path))
        assert found(ran)["GPU"]["state"] == "note"
        assert ran.returncode == 0
    else:
        pytest.skip("there is a GPU")


def test_an_occupied_port_is_a_note(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        taken.settimeout(None)
        findings = found(doctor("--data", str(tmp_path), "--port", str(port), "--json"))
    assert findings["port"]["state"] == "note"
    assert str(port) in findings["port"]["found"]


def test_the_cameras_of_a_running_service_are_checked(tmp_path: Path) -> None:
    folder = tmp_path / REDIS_FOLDER
    folder.mkdir()
    server = RedisServer(folder, socket_path(folder))
    server.start()
    try:
        with socket.create_server(("127.0.0.1", 0)) as camera, connect(server.url) as client:
            url = f"http://127.0.0.1:{camera.getsockname()[1]}/live"
            config = SourceConfig(id="lobby", name="lobby", url=url, rate=10.0, created_at=0.0)
            client.hset(SOURCES, "lobby", encode_config(config))
            findings = found(doctor("--data", str(tmp_path), "--json"))
    finally:
        server.stop()
        remove_short_folder(folder)
    assert findings["source lobby"]["state"] == "ok"


def test_cameras_are_checked_without_showing_their_passwords(redis_url: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as camera, connect(redis_url) as client:
        urls = {
            "lobby": f"rtsp://admin:topsecret@127.0.0.1:{camera.getsockname()[1]}/live",
            "door": f"rtsp://admin:topsecret@127.0.0.1:{free_port()}/live",
            "yard": "rtsp://admin:topsecret@127.0.0.1:far/live",
            "film": "clip.mp4?loop",
        }
        for name, url in urls.items():
            config = SourceConfig(id=name, name=name, url=url, rate=10.0, created_at=0.0)
            client.hset(SOURCES, name, encode_config(config))
        ran = doctor("--data", str(tmp_path), "--json", REDIS_URL=redis_url)
    findings = found(ran)
    states = {name: finding["state"] for name, finding in findings.items() if name.startswith("source")}
    assert states == {"source lobby": "ok", "source door": "note", "source yard": "note"}
    assert "connection refused" in findings["source door"]["found"]
    assert "topsecret" not in ran.stdout + ran.stderr
