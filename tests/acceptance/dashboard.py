"""Cost of the dashboard in a real browser: time to the first timeline, main thread, heap."""

import math
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from playwright.sync_api import CDPSession, Page

from deploy.redis_server import RedisServer
from engine.labels import LABELS
from engine.live.rollup import Rollup
from engine.records import Coverage, Reading
from engine.wire import encode_event, encode_seconds, milliseconds
from ingest.bus.connection import connect
from ingest.bus.keys import overview_key, timeline_key
from ingest.bus.previews import Previews
from ingest.bus.timeline import Timeline
from ingest.bus.wire import SourceState, encode_state
from tests.acceptance.check import Check, Row
from tests.api.browsing import chromium
from tests.api.serving import NANOSECONDS, Api, configure, free_port, reading
from tests.waiting import until

RATE = 10  # readings a second of each face
HOUR = 3600  # seconds
MEASURED = 60.0  # seconds of measuring
QUARTER = 30.0  # seconds; the heap is measured after each of four
LOADS = 3
# Growth of the heap from the first quarter to the last, while the coverage of the last ten minutes fills.
MAX_GROWTH = 1.1

# Resolves with the ms from the navigation to the first frame in which a face's canvas shows a colour.
FIRST_TIMELINE = """() => new Promise((drawn) => {
  const check = () => {
    const canvas = document.querySelector("[data-track] canvas");
    const data = canvas?.width ? canvas.getContext("2d").getImageData(0, 0, canvas.width, 20).data : [];
    for (let at = 0; at < data.length; at += 4) {
      const [least, most] = [Math.min(...data.slice(at, at + 3)), Math.max(...data.slice(at, at + 3))];
      if (data[at + 3] > 200 && most - least > 60) return drawn(performance.now());
    }
    requestAnimationFrame(check);
  };
  check();
})"""


@dataclass(frozen=True, slots=True)
class Scene:
    """Faces with slowly changing expressions, written to Redis as the engine writes them."""

    redis_url: str
    sources: tuple[str, ...]
    faces: int

    def readings(self, number: int, source: str, at: datetime) -> list[Reading]:
        """Return a reading of each face in the frame with this number."""
        return [self._reading(number, source, at, track) for track in range(1, self.faces + 1)]

    def _reading(self, number: int, source: str, at: datetime, track: int) -> Reading:
        phases = number / RATE / (7 + track) + np.arange(len(LABELS)) * 0.9 + track
        values = np.exp(2.5 * np.sin(phases)).astype(np.float32)
        values /= values.sum()
        first = replace(reading(number, LABELS[int(values.argmax())], track), source=source, captured_at=at)
        return replace(first, result_at=at, raw=values, smoothed=values)

    def write_live(self, stop: threading.Event) -> None:
        """Write readings, previews, coverage and overview in real time until `stop`."""
        jpeg = cv2.imencode(".jpg", np.full((360, 640, 3), 90, np.uint8))[1].tobytes()
        rollups = {source: Rollup(source) for source in self.sources}
        began = time.monotonic()
        with connect(self.redis_url) as client:
            timeline, previews, number = Timeline(client), Previews(client), HOUR * RATE
            states = [SourceState(source, "live", "", datetime.now(UTC)) for source in self.sources]
            timeline.push([encode_state(state) for state in states])
            while not stop.wait(max(0.0, began + (number - HOUR * RATE) / RATE - time.monotonic())):
                at = datetime.now(UTC)
                for source in self.sources:
                    self._write_frame(timeline, source, rollups[source], number, at)
                    previews.put(source, jpeg, number * NANOSECONDS // RATE)
                number += 1

    def _write_frame(
        self, timeline: Timeline, source: str, rollup: Rollup, number: int, at: datetime
    ) -> None:
        readings = self.readings(number, source, at)
        entries = [encode_event(each) for each in readings]
        for each in readings:
            entries += encode_seconds(rollup.add(each))
        if number % (10 * RATE) == 0:
            began = at - timedelta(seconds=10)
            entries.append(
                encode_event(Coverage(source, "observed", 0, 10 * NANOSECONDS, began, at, 10 * RATE))
            )
        timeline.push(entries)

    def write_history(self, seconds: int) -> None:
        """Write the readings of the last `seconds`, with the ids that they would have."""
        now = datetime.now(UTC)
        with connect(self.redis_url) as client, client.pipeline(transaction=False) as commands:
            for source in self.sources:
                rollup = Rollup(source)
                for number in range(seconds * RATE):
                    at = now - timedelta(seconds=seconds - number / RATE)
                    for each in self.readings(number, source, at):
                        self._write_past(commands, each, rollup)
                    if number % 1000 == 999:
                        commands.execute()
            commands.execute()

    def _write_past(self, commands: Any, each: Reading, rollup: Rollup) -> None:
        for second in rollup.add(each):
            [entry] = encode_seconds([second])
            fields = {"type": entry.type, "body": entry.body}
            commands.xadd(overview_key(each.source), fields, id=f"{milliseconds(second)}-*")
        assert each.captured_at is not None
        entry = encode_event(each)
        fields = {"type": entry.type, "body": entry.body}
        moment = int(each.captured_at.timestamp() * 1000)
        commands.xadd(timeline_key(each.source), fields, id=f"{moment}-*")


@contextmanager
def service(folder: Path, sources: int, faces: int) -> Iterator[tuple[Api, Scene]]:
    """Run a real API in a process of its own, with a real Redis."""
    data = folder / f"dashboard-{time.monotonic_ns()}"
    server = RedisServer(data)
    server.start()
    names = tuple(f"camera-{number}" for number in range(1, sources + 1))
    for name in names:
        configure(server.url, name)
    api = Api(free_port(), server.url, data)
    environment = os.environ | {"REDIS_URL": server.url, "MIEN_DATA": str(data), "MIEN_MEDIA": str(data)}
    process = subprocess.Popen([sys.executable, "-m", "api", "--port", str(api.port)], env=environment)
    try:
        until(lambda: _answers(api), 20, "the API answers")
        yield api, Scene(server.url, names, faces)
    finally:
        process.terminate()
        process.wait(10)
        server.stop()


def _answers(api: Api) -> bool:
    try:
        with urllib.request.urlopen(f"{api.http}/healthz") as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def live(scene: Scene) -> Iterator[None]:
    """Write the scene in real time, in a thread."""
    stop = threading.Event()
    camera = threading.Thread(target=scene.write_live, args=(stop,))
    camera.start()
    try:
        yield
    finally:
        stop.set()
        camera.join()


@contextmanager
def opened(url: str) -> Iterator[tuple[Page, CDPSession]]:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1920, "height": 1200})
        page.goto(url)
        yield page, page.context.new_cdp_session(page)


def first_timeline(folder: Path) -> Iterator[Row]:
    with ExitStack() as stack:
        api, scene = stack.enter_context(service(folder, sources=1, faces=2))
        scene.write_history(HOUR)
        stack.enter_context(live(scene))
        browser = stack.enter_context(chromium())
        times = []
        for _ in range(LOADS):
            page = browser.new_page(viewport={"width": 1280, "height": 900})  # with a cache of its own
            page.goto(api.http, wait_until="commit")
            times.append(float(page.evaluate(FIRST_TIMELINE)) / 1000)
            page.close()
    slowest = max(times)
    yield Row(
        "page load to first drawn timeline, an hour of 2 faces",
        f"{slowest:.2f} s (slowest of {LOADS})",
        "<= 1 s",
        slowest <= 1,
    )


def main_thread(folder: Path) -> Iterator[Row]:
    with ExitStack() as stack:
        api, scene = stack.enter_context(service(folder, sources=1, faces=10))
        stack.enter_context(live(scene))
        page, session = stack.enter_context(opened(api.http))
        page.wait_for_selector('[data-track="10"]')
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        began, before = time.monotonic(), _metrics(session)["TaskDuration"]
        page.wait_for_timeout(MEASURED * 1000)
        busy = (_metrics(session)["TaskDuration"] - before) / (time.monotonic() - began)
    yield Row(
        f"{MEASURED:g} s of 10 faces, {RATE} readings/s: main thread",
        f"{busy:.1%} of a core",
        "<= 30 %",
        busy <= 0.3,
    )


def heap(folder: Path) -> Iterator[Row]:
    with ExitStack() as stack:
        api, scene = stack.enter_context(service(folder, sources=10, faces=1))
        stack.enter_context(live(scene))
        page, session = stack.enter_context(opened(api.http))
        until(lambda: page.locator(".tile .faces span").count() == 10, 20, "a face on each tile")
        session.send("Performance.enable")
        sizes = []
        for _ in range(4):
            page.wait_for_timeout(QUARTER * 1000)
            session.send("HeapProfiler.collectGarbage")
            sizes.append(_metrics(session)["JSHeapUsedSize"] / 1e6)
    growth = sizes[-1] / sizes[0]
    yield Row(
        "wall of 10 sources: heap after the last quarter",
        f"{growth:.2f}x the first's ({', '.join(f'{size:.1f}' for size in sizes)} MB)",
        f"<= {MAX_GROWTH:g}x",
        math.isfinite(growth) and growth <= MAX_GROWTH,
    )


def _metrics(session: CDPSession) -> dict[str, float]:
    return {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}


CHECKS: list[Check] = [first_timeline, main_thread, heap]
