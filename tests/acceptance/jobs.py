"""Recordings as jobs: kills do not change their results, and live cameras are not slowed down."""

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
MEASURED = 30.0  # seconds of measuring


def request(address: str, path: str, body: Any = None) -> Any:
    message = urllib.request.Request(
        f"{address.rstrip('/')}/v1/recordings{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(message, timeout=30) as answer:
        return json.load(answer)


def add(service: Service, times: int) -> str:
    """Add the clip, looped `times`; return the id of the job."""
    address, file = service.address(), service.data / "media" / f"{times}.mp4"
    if not file.exists():
        looped(video(CLIP), times, file)
    return str(request(address, "", {"path": file.name})["id"])


def finished(service: Service, id: str, seconds: float = 120.0) -> dict[str, Any]:
    def done() -> Any:
        shown = request(service.address(), f"/{id}")
        return shown if shown["state"] not in ("queued", "running") else None

    shown: dict[str, Any] = until(done, seconds, "the job is done")
    assert shown["state"] == "completed", shown["reason"]
    return shown


def files(service: Service, id: str) -> dict[str, str]:
    """Return a checksum for each file; that of the summary without the speed of the run."""
    found = {}
    for path in job_folder(service.data, id).results.iterdir():
        data = path.read_bytes()
        if path.name == "summary.json":
            summary = json.loads(data)
            data = json.dumps(summary | {"elapsed": None, "speed": None}).encode()
        found[path.name] = hashlib.sha256(data).hexdigest()
    return found


def killed(folder: Path) -> Iterator[Row]:
    """Kill the worker at random moments, then the whole service with Redis."""
    data = folder / f"jobs-{time.monotonic_ns()}"
    rng = random.Random(4)
    service = Service(data)
    try:
        undisturbed = add(service, 6)
        finished(service, undisturbed)
        killed_job = add(service, 6)
        twice, pauses = [], []
        for _ in range(KILLS):
            twice.append(_kill_worker(service, killed_job, rng.uniform(0.5, 2.5)))
            pauses.append(_wait_for_progress(service, killed_job))
        service.close()
        service = Service(data)
        finished(service, killed_job)
        equal = sum(
            files(service, killed_job)[name] == sum_ for name, sum_ in files(service, undisturbed).items()
        )
    finally:
        service.close()
    yield Row(f"job killed {KILLS} times, then all: files equal", f"{equal} of 7", "7 of 7", equal == 7)
    yield Row("seconds of video read twice after a kill", f"{max(twice):.1f}", "<= 10", max(twice) <= 10)
    yield Row("killed job continues", f"within {max(pauses):.1f} s", "<= 15 s", max(pauses) <= 15)


def _kill_worker(service: Service, id: str, after: float) -> float:
    """Kill the worker; return the seconds of video that it had read since its last checkpoint."""
    until(lambda: request(service.address(), f"/{id}")["position"] > 0, 30, "it is read")
    time.sleep(after)
    shown = request(service.address(), f"/{id}")
    assert shown["state"] == "running", f"it was {shown['state']} before it could be killed"
    os.kill(service.pid_of("api.jobs"), signal.SIGKILL)
    parts = job_folder(service.data, id).parts
    checkpoint = newest_checkpoint(parts)
    resumed_at = checkpoint.state["position"] if checkpoint else 0
    return (max(_read_until(parts), resumed_at) - resumed_at) / SECOND


def _read_until(parts: Path) -> int:
    """Return the media time (ns) of the newest reading in the files, also after the last checkpoint.

    Up to 8 KB, about ten readings or a second, may have been in a buffer.
    """
    newest = max(parts.glob("*.events"), key=lambda path: int(path.stem))
    complete = [line for line in newest.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
    events = [decode_stored(line, "killed") for line in complete]
    return max((event.media_time for event in events if isinstance(event, Reading)), default=0)


def _wait_for_progress(service: Service, id: str) -> float:
    began, before = time.monotonic(), request(service.address(), f"/{id}")["position"]
    until(lambda: request(service.address(), f"/{id}")["position"] != before, 30, "progress")
    return time.monotonic() - began


def beside_live(folder: Path) -> Iterator[Row]:
    """Read a long recording while a camera is watched."""
    with service_with_cameras(folder, "lobby") as (service, _, [lobby]):
        id = add(service, 60)
        until(lambda: request(service.address(), f"/{id}")["position"] > 0, 60, "the job runs")
        time.sleep(3)
        began, before = time.time(), request(service.address(), f"/{id}")["position"]
        time.sleep(MEASURED)
        readings = lobby.readings(since=began)
        after = request(service.address(), f"/{id}")
        assert after["state"] == "running", f"the job was {after['state']} too early"
    latencies = [at - datetime.fromisoformat(each["captured_at"]).timestamp() for at, each in readings]
    p95 = float(np.percentile(latencies, 95)) * 1000
    yield Row(
        "live with a job running: arrival to websocket, p95",
        f"{p95:.0f} ms (median {float(np.median(latencies)) * 1000:.0f})",
        "<= 300 ms",
        p95 <= 300,
    )
    rate = (len(readings) - 1) / (readings[-1][0] - readings[0][0])
    speed = (after["position"] - before) / MEASURED
    yield Row(
        "meanwhile: live readings, speed of the job",
        f"{rate:.1f} a second, {speed:.1f}x real time",
        ">= 9.5, > 0",
        rate >= 9.5 and speed > 0,
    )


CHECKS: list[Check] = [killed, beside_live]
