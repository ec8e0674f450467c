"""What recordings as jobs must hold: nothing shows that they were killed, and live does not notice them."""

import hashlib
import json
import os
import random
import signal
import time
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from api.jobs.checkpoint import newest_checkpoint
from api.jobs.folder import job_folder
from engine.records import Reading
from engine.stored import decode_stored
from ingest.pace import SECOND
from tests.acceptance.check import Check, Row, video
from tests.acceptance.live import service_with_cameras
from tests.acceptance.recorded import looped
from tests.deploy.service import Service
from tests.waiting import until

CLIP = "pyfeat_WolfgangLanger_Pexels.mp4"  # 640x360, one face, 19.7 s
KILLS = 3
WATCHED = 30.0  # seconds of measuring


def ask(address: str, path: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        f"{address.rstrip('/')}/v1/recordings{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def add(service: Service, times: int) -> str:
    """Has the clip read, `times` in a row; gives the job's id."""
    address, file = service.address(), service.data / "media" / f"{times}.mp4"
    if not file.exists():
        looped(video(CLIP), times, file)
    return str(ask(address, "", {"path": file.name})["id"])


def finished(service: Service, id: str, seconds: float = 120.0) -> dict[str, Any]:
    def over() -> Any:
        shown = ask(service.address(), f"/{id}")
        return shown if shown["state"] not in ("queued", "running") else None

    shown: dict[str, Any] = until(over, seconds, "the job is over")
    assert shown["state"] == "completed", shown["reason"]
    return shown


def files(service: Service, id: str) -> dict[str, str]:
    """A checksum a file; the summary's without what was measured of the run."""
    found = {}
    for path in job_folder(service.data, id).results.iterdir():
        data = path.read_bytes()
        if path.name == "summary.json":
            summary = json.loads(data)
            data = json.dumps(summary | {"elapsed": None, "speed": None}).encode()
        found[path.name] = hashlib.sha256(data).hexdigest()
    return found


def killed(folder: Path) -> Iterator[Row]:
    """The worker is killed at random moments, then the whole service, Redis included."""
    data = folder / f"jobs-{time.monotonic_ns()}"
    chance = random.Random(4)
    service = Service(data)
    try:
        unbroken = add(service, 6)
        finished(service, unbroken)
        broken = add(service, 6)
        again, pauses = [], []
        for _ in range(KILLS):
            again.append(_kill_worker(service, broken, chance.uniform(0.5, 2.5)))
            pauses.append(_wait_until_it_goes_on(service, broken))
        service.close()
        service = Service(data)
        finished(service, broken)
        alike = sum(files(service, broken)[name] == sum_ for name, sum_ in files(service, unbroken).items())
    finally:
        service.close()
    yield Row(f"job killed {KILLS} times, then all: files alike", f"{alike} of 7", "7 of 7", alike == 7)
    yield Row("seconds of video done again after a kill", f"{max(again):.1f}", "<= 10", max(again) <= 10)
    yield Row("killed job is gone on with", f"within {max(pauses):.1f} s", "<= 15 s", max(pauses) <= 15)


def _kill_worker(service: Service, id: str, after: float) -> float:
    """Gives how many seconds of video were read since the checkpoint that the next worker begins at."""
    until(lambda: ask(service.address(), f"/{id}")["position"] > 0, 30, "it is read")
    time.sleep(after)
    shown = ask(service.address(), f"/{id}")
    assert shown["state"] == "running", f"it was {shown['state']} before it could be killed"
    os.kill(service.pid_of("api.jobs"), signal.SIGKILL)
    parts = job_folder(service.data, id).parts
    checkpoint = newest_checkpoint(parts)
    certain = checkpoint.state["position"] if checkpoint else 0
    return (max(_read_until(parts), certain) - certain) / SECOND


def _read_until(parts: Path) -> int:
    """ns: the newest reading that was written, a checkpoint behind it or not.

    Up to 8 KB, some ten readings, may have been on their way to the file: a second at most.
    """
    newest = max(parts.glob("*.events"), key=lambda path: int(path.stem))
    whole = [line for line in newest.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
    events = [decode_stored(line, "killed") for line in whole]
    return max((event.media_time for event in events if isinstance(event, Reading)), default=0)


def _wait_until_it_goes_on(service: Service, id: str) -> float:
    began, before = time.monotonic(), ask(service.address(), f"/{id}")["position"]
    until(lambda: ask(service.address(), f"/{id}")["position"] != before, 30, "it goes on")
    return time.monotonic() - began


def beside_live(folder: Path) -> Iterator[Row]:
    """A long recording is read while a camera is watched."""
    with service_with_cameras(folder, "lobby") as (service, _, [lobby]):
        id = add(service, 60)
        until(lambda: ask(service.address(), f"/{id}")["position"] > 0, 60, "the job runs")
        time.sleep(3)
        began, before = time.time(), ask(service.address(), f"/{id}")["position"]
        time.sleep(WATCHED)
        readings = lobby.readings(since=began)
        after = ask(service.address(), f"/{id}")
        assert after["state"] == "running", f"the job was {after['state']} too early"
    late = [at - datetime.fromisoformat(each["captured_at"]).timestamp() for at, each in readings]
    p95 = float(np.percentile(late, 95)) * 1000
    yield Row(
        "live with a job running: arrival to websocket, p95",
        f"{p95:.0f} ms (median {float(np.median(late)) * 1000:.0f})",
        "<= 300 ms",
        p95 <= 300,
    )
    rate = (len(readings) - 1) / (readings[-1][0] - readings[0][0])
    speed = (after["position"] - before) / WATCHED
    yield Row(
        "meanwhile: live readings, speed of the job",
        f"{rate:.1f} a second, {speed:.1f}x real time",
        ">= 9.5, > 0",
        rate >= 9.5 and speed > 0,
    )


CHECKS: list[Check] = [killed, beside_live]
