"""`mien bench`: its measurements, its bottleneck, and the clients of its load test."""

import asyncio
import json
import os
import resource
import subprocess
import sys
from array import array
from pathlib import Path
from typing import Any

import pytest

from deploy.bench.__main__ import websocket_line
from deploy.bench.bottleneck import bottleneck
from deploy.bench.cameras import Step
from deploy.bench.clip import Clip, choose_clip
from deploy.bench.stages import Stage, shares
from deploy.bench.websocket_clients import Client
from ingest.files.recording import open_recording
from tests.clips import even, make_clip

STAGES = {
    *("decode", "transfer", "detect", "crop", "timeline", "websocket"),
    *(f"{network}_{batch}" for network in ("keypoints", "emotion") for batch in (1, 8, 64)),
}


def bench(*words: str) -> "subprocess.CompletedProcess[str]":
    # Settings of another service, which the benchmark must ignore.
    environment = {
        **os.environ,
        "MIEN_TOKENS": "required",
        "MIEN_DATA": "/none",
        "REDIS_URL": "redis://none/",
    }
    command = [sys.executable, "-P", "-m", "deploy.bench", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=280, env=environment, check=False)


@pytest.mark.timeout(300)  # 12 seconds of computing, longer on a busy machine
def test_all_is_measured_with_the_installed_packages() -> None:
    ran = bench("--quick", "--json")
    assert ran.returncode == 0, ran.stderr
    figures: dict[str, Any] = json.loads(ran.stdout)
    assert set(figures) == {"stages", "end_to_end", "bottleneck"}
    assert set(figures["stages"]) == STAGES
    assert all(set(stage) == {"ms", "share"} and stage["ms"] > 0 for stage in figures["stages"].values())
    usual = [stage["share"] for name, stage in figures["stages"].items() if not name.endswith(("_1", "_64"))]
    assert sum(usual) == pytest.approx(1, abs=0.001)
    found = figures["end_to_end"]
    first = found["cameras"][0]
    assert first["cameras"] == 1
    assert first["came"] > 0
    assert set(first["cores"]) == {"ingest", "engine", "redis"}
    assert found["recording"]["overlapped"] > 0
    assert sum(found["recording"]["shares"].values()) == pytest.approx(1)
    assert "would relieve it" in figures["bottleneck"]
    assert "\n" not in figures["bottleneck"]


def test_a_missing_video_gives_one_line(tmp_path: Path) -> None:
    ran = bench(str(tmp_path / "none.mp4"))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.strip().splitlines()[-1] == f"mien bench: {tmp_path}/none.mp4: no such file"


def test_a_video_that_is_given_is_measured(tmp_path: Path) -> None:
    given = make_clip(tmp_path / "given.mp4", even(10))
    assert choose_clip(given, tmp_path, 1.0) == Clip(given, "given.mp4")


def test_where_the_portraits_are_not_installed_a_pattern_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "deploy.demo.scene", None)
    drawn = choose_clip(None, tmp_path, 1.0)
    assert "without a face" in drawn.about
    with open_recording(drawn.path, "bench", None) as recording:
        pictures = [frame.grey for frame in recording]
    assert len(pictures) == 25
    assert (pictures[0] != pictures[1]).any()


def costs(**ms: float) -> list[Stage]:
    units = {"decode": "frame", "detect": "frame", "websocket": "message"}
    return [Stage(name, each, units.get(name, "face")) for name, each in ms.items()]  # type: ignore[arg-type]


def step(cameras: int = 4, *, came: float = 40.0, lost: float = 0.0, others: float = 0.0) -> Step:
    cores = {"ingest": 0.4, "engine": 1.0, "redis": 0.1}
    return Step(cameras, 40.0, came, lost, latency_ms=20.0, cores=cores, others=others)


def test_shares_are_of_a_picture_with_its_faces() -> None:
    stages = [
        *costs(decode=1.0, detect=4.0, emotion_8=1.0, websocket=0.5),
        Stage("emotion_1", 2.0, "face", False),
    ]
    assert shares(stages, faces=2.0) == pytest.approx(
        {"decode": 1 / 8, "detect": 1 / 2, "emotion_8": 1 / 4, "websocket": 1 / 8, "emotion_1": 1 / 2}
    )


STAGED = costs(decode=3.0, detect=4.0, crop=0.1, keypoints_8=0.7, emotion_8=0.6, timeline=0.1, websocket=0.1)


@pytest.mark.parametrize(
    ("last", "cores", "text"),
    [
        (step(lost=5.0), 4, "the engine, with 4 cameras and 1.0 of 4 cores in use: above all detect"),
        (step(lost=5.0), 1, "the engine, with 4 cameras and all of 1 cores busy: above all detect"),
        (step(came=30.0), 4, "ingest, with 4 cameras and 0.4 of 4 cores in use: decode"),
        (step(), 4, "none with up to 4 cameras; first will be detect"),
        (step(others=1.0), 4, "other programs used 1.0 of 4 cores"),
    ],
)
def test_the_bottleneck_is_named(last: Step, cores: int, text: str) -> None:
    line = bottleneck(STAGED, 1.0, [step(1), last], cores)
    assert text in line
    assert "would relieve it" in line


def test_the_websocket_is_measured_and_nothing_is_lost() -> None:
    words = ["websocket", "--clients", "80", "--stuck", "2", "--seconds", "1", "--json"]
    ran = subprocess.run(
        [sys.executable, "-m", "deploy.bench", *words],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "MIEN_TOKENS": "required", "MIEN_TLS_CERTIFICATE": "/none"},  # of another service
        preexec_fn=allow_few_files,  # the API and the clients raise the limit
    )
    figures: dict[str, Any] = json.loads(ran.stdout)
    assert (figures["delivered"], figures["dropped"]) == (800, 0)
    assert 0 < figures["p50_ms"] <= figures["p99_ms"] <= figures["max_ms"]
    assert figures["memory_per_client_kb"] > 0


def allow_few_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, most))


def frame(text: str) -> bytes:
    payload = text.encode()
    return bytes((0x81, 126)) + len(payload).to_bytes(2) + payload


def message(cursor: str) -> bytes:
    return frame(f'{{"type":"reading","model":"{"m" * 200}","cursor":"{cursor}"}}')


def test_a_client_counts_messages_however_they_are_split() -> None:
    stream = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
    stream += message("1-0") + message("1-1") + message("1-1") + frame('{"type":"error"}') + message("3-0")

    async def run(size: int) -> tuple[int, int, int]:
        latencies = array("d")
        client = Client(b"", latencies, stuck=False)
        for start in range(0, len(stream), size):
            client.data_received(stream[start : start + size])
        assert len(latencies) == client.delivered
        return client.delivered, client.disordered, client.errors

    for size in (1, 7, 500, len(stream)):
        assert asyncio.run(run(size)) == (3, 1, 1)


@pytest.mark.parametrize(
    "words", [["--clients", "0"], ["--seconds", "-1"], ["--rate", "nan"], ["--stuck", "x"]]
)
def test_wrong_numbers_are_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit):
        websocket_line().parse_args(words)
