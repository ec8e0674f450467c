"""`mien serve` with real RTSP cameras: rate, latency, and recovery after kills."""

import json
import os
import signal
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.acceptance.check import AbsentError, Check, Row, video
from tests.acceptance.recorded import looped
from tests.deploy.service import Service
from tests.servers import RtspServer, has_gstreamer
from tests.waiting import until

CLIP = "fer_woman2.mp4"  # 596x336 and 29.97 fps; re-encoded to 640x360 at 25
MEASURED = 30.0  # seconds of measuring


@dataclass(slots=True)
class Watcher:
    """A websocket client of a source in a thread, which records messages and their arrival times."""

    url: str
    messages: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    def start(self) -> None:
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        after = ""
        while True:
            try:
                with connect(self.url + after, open_timeout=5) as socket:
                    for text in socket:
                        message = json.loads(text)
                        self.messages.append((time.time(), message))
                        if "cursor" in message:
                            after = f"?after={message['cursor']}"
            except (ConnectionClosed, OSError, TimeoutError):
                time.sleep(0.1)

    def readings(self, since: float = 0.0) -> list[tuple[float, dict[str, Any]]]:
        return [(at, each) for at, each in list(self.messages) if each["type"] == "reading" and at >= since]

    def wait_for_reading(self, since: float, seconds: float) -> float:
        """Wait for the first reading after `since`; return its arrival time."""
        return until(lambda: self.readings(since), seconds, f"a reading of {self.url}")[0][0]


def post_source(address: str, name: str, url: str, rate: float = 10.0) -> str:
    """Add a source; return its id."""
    body = json.dumps({"name": name, "url": url, "rate": rate}).encode()
    request = urllib.request.Request(
        f"{address}/v1/sources", data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        return str(json.load(answer)["id"])


def add_source(address: str, name: str, url: str) -> Watcher:
    """Add a source and watch it."""
    source = post_source(address, name, url)
    watcher = Watcher(f"{address.replace('http', 'ws', 1).rstrip('/')}/v1/sources/{source}/live")
    watcher.start()
    return watcher


def camera_clip(folder: Path) -> Path:
    """Return five minutes of 640x360 at 25 fps with one face, encoded as by a camera."""
    target = folder / "camera.mp4"
    if target.exists():
        return target
    return looped(reencoded(video(CLIP), folder / "once.mp4"), 20, target)


def reencoded(path: Path, target: Path) -> Path:
    """Encode the clip at 640x360 and 25 fps without B-frames, with a key frame a second."""
    with av.open(str(path)) as reader, av.open(str(target), "w") as writer:
        out = writer.add_stream("libx264", rate=25, options={"preset": "veryfast", "tune": "zerolatency"})
        out.width, out.height, out.pix_fmt = 640, 360, "yuv420p"
        out.codec_context.gop_size = 25
        shown = 0
        for frame in reader.decode(video=0):
            if frame.time is None or frame.time < shown / 25:
                continue
            picture = frame.reformat(640, 360, "yuv420p")
            picture.pts, shown = shown, shown + 1
            picture.time_base = Fraction(1, 25)
            picture.pict_type = 0
            writer.mux(out.encode(picture))
        writer.mux(out.encode(None))
    return target


@contextmanager
def service_with_cameras(
    folder: Path, *names: str
) -> Iterator[tuple[Service, list[RtspServer], list[Watcher]]]:
    """Run a service with a camera for each name, each with an RTSP server of its own."""
    if not has_gstreamer():
        raise AbsentError("GStreamer's RTSP server is not installed")
    clip = camera_clip(folder)
    with ExitStack() as stack:
        service = Service(folder / f"data-{time.monotonic_ns()}")
        stack.callback(service.close)
        address = service.address()
        servers, watchers = [], []
        for name in names:
            servers.append(RtspServer({name: clip}))
            stack.callback(servers[-1].kill)
            watchers.append(add_source(address, name, servers[-1].url(name)))
        for watcher in watchers:
            watcher.wait_for_reading(0, 30)
        yield service, servers, watchers


def one_camera(folder: Path) -> Iterator[Row]:
    with service_with_cameras(folder, "lobby") as (_, _, [lobby]):
        time.sleep(3)  # the burst of the start
        began = time.time()
        time.sleep(MEASURED)
        readings = lobby.readings(since=began)
    rate = (len(readings) - 1) / (readings[-1][0] - readings[0][0])
    latencies = [at - datetime.fromisoformat(each["captured_at"]).timestamp() for at, each in readings]
    p95 = float(np.percentile(latencies, 95)) * 1000
    yield Row("one 640x360 25 fps RTSP camera: readings", f"{rate:.2f} a second", ">= 10", rate >= 10)
    yield Row(
        "frame's arrival to reading on the websocket, p95",
        f"{p95:.0f} ms (median {float(np.median(latencies)) * 1000:.0f})",
        "<= 300 ms",
        p95 <= 300,
    )


def camera_killed(folder: Path) -> Iterator[Row]:
    with service_with_cameras(folder, "lobby", "hall") as (_, [server, _], [lobby, hall]):
        gone = time.time()
        server.kill()
        time.sleep(5)
        server.start()
        back = time.time()
        again = lobby.wait_for_reading(back, 30) - back
        times = [at for at, _ in hall.readings(since=gone)]
        pause = max(np.diff(times), default=0.0)
    yield Row("camera back after 5 s: readings again", f"{again:.1f} s", "<= 3 s", again <= 3)
    yield Row(
        "the other camera meanwhile: longest pause", f"{pause * 1000:.0f} ms", "<= 500 ms", pause <= 0.5
    )


def engine_killed(folder: Path) -> Iterator[Row]:
    with service_with_cameras(folder, "lobby", "hall") as (service, _, watchers):
        pauses = []
        for _ in range(3):
            time.sleep(3)
            killed = time.time()
            os.kill(service.pid_of("engine"), signal.SIGKILL)
            dead = time.time()
            pauses.append(max(each.wait_for_reading(dead + 0.3, 30) for each in watchers) - killed)
        time.sleep(11)  # until the coverage of the last ten seconds has arrived
        twice, lost = zip(*(_account(watcher) for watcher in watchers), strict=True)
    yield Row("engine killed 3 times: continues", f"within {max(pauses):.1f} s", "<= 3 s", max(pauses) <= 3)
    yield Row("engine killed: readings that came twice", str(sum(twice)), "0", sum(twice) == 0)
    yield Row("engine killed: frames lost and not counted", ", ".join(map(str, lost)), "0", not any(lost))


def _account(watcher: Watcher) -> tuple[int, int]:
    """Count readings that came twice, and frames that were neither read nor counted in the coverage."""
    bodies = [each for _, each in list(watcher.messages)]
    readings = Counter(
        (each["connection"], each["frame"], each["track"]) for each in bodies if each["type"] == "reading"
    )
    coverage = [each for each in bodies if each["type"] == "coverage"]
    counted = sum(each["frames"] for each in coverage)
    ended = max(each["ended"] for each in coverage)
    # The frame that closed the coverage has the next number, also where the last segment is `dropped`.
    after = [each["frame"] for each in bodies if each["type"] == "reading" and each["media_time"] >= ended]
    return sum(count - 1 for count in readings.values()), min(after) - counted


CHECKS: list[Check] = [one_camera, camera_killed, engine_killed]
