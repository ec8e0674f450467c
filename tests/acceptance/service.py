"""The whole service: recovery after Redis is killed under load, and the idle load of the API."""

import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.bench.usage import processor_time
from tests.acceptance.check import Check, Row, video
from tests.acceptance.live import Watcher, add_source, post_source
from tests.deploy.service import Service
from tests.waiting import until

CLIP = "fer_woman2.mp4"
KILLS = 3
IDLE = 30.0  # seconds


def redis_killed(folder: Path) -> Iterator[Row]:
    pauses, lost = [], 0
    with _service(folder) as service:
        watchers = [add_source(service.address(), name, f"{CLIP}?loop") for name in ("lobby", "hall")]
        for watcher in watchers:
            watcher.wait_for_reading(0, 30)
        sources = _get(service, "/v1/sources")
        for _ in range(KILLS):
            time.sleep(3)
            received = [_cursors(watcher) for watcher in watchers]
            killed = time.time()
            os.kill(service.pid_of("redis"), signal.SIGKILL)
            dead = time.time()
            for watcher in watchers:
                watcher.wait_for_reading(dead + 0.3, 30)
            until(lambda: _is_ready(service), 30, "/readyz says ready")
            pauses.append(time.time() - killed)
            lost += sum(
                len(set(cursors) - set(_stored(service, name)))
                for name, cursors in zip(("lobby", "hall"), received, strict=True)
            )
        remaining = _get(service, "/v1/sources")
    figure = ", ".join(f"{pause:.1f}" for pause in pauses) + " s"
    yield Row(f"Redis killed {KILLS} times: recovered within", figure, "<= 5 s", max(pauses) <= 5)
    same = [each["id"] for each in remaining] == [each["id"] for each in sources]
    yield Row("Redis killed: sources", "as configured" if same else "lost", "as configured", same)
    yield Row("Redis killed: received messages that are lost", str(lost), "0", lost == 0)


def idle_api(folder: Path) -> Iterator[Row]:
    with _service(folder) as service:
        post_source(service.address(), "lobby", f"{CLIP}?loop")
        until(lambda: _get(service, "/v1/sources/lobby")["state"] == "live", 30, "the source is live")
        api = service.pid_of("api")
        time.sleep(5)
        idle = _share(api, IDLE)
        probed = _share(api, IDLE, lambda: _is_ready(service))
    yield Row("API, one source without viewers: CPU", f"{idle:.2f} % of a core", "<= 2 %", idle <= 2)
    yield Row("and /readyz is requested each second", f"{probed:.2f} % of a core", "<= 2 %", probed <= 2)


@contextmanager
def _service(folder: Path) -> Iterator[Service]:
    """Run a service whose media folder has the clip."""
    service = Service(folder / f"data-{time.monotonic_ns()}", "--media", str(video(CLIP).parent))
    try:
        service.address()
        yield service
    finally:
        service.close()


def _cursors(watcher: Watcher) -> list[str]:
    return [message["cursor"] for _, message in list(watcher.messages) if "cursor" in message]


def _stored(service: Service, name: str) -> Iterator[str]:
    """Yield all cursors of a timeline."""
    after, more = "0", True
    while more:
        page = _get(service, f"/v1/timelines/{name}?after={after}&limit=5000")
        yield from (message["cursor"] for message in page["messages"])
        after, more = page["next"], page["more"]


def _is_ready(service: Service) -> bool:
    try:
        return bool(_get(service, "/readyz")["ready"])
    except urllib.error.HTTPError:
        return False


def _get(service: Service, path: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{service.port}{path}", timeout=10) as answer:
        return json.load(answer)


def _share(pid: int, seconds: float, each_second: Callable[[], Any] = lambda: None) -> float:
    """Return the load of a process in percent of one core."""
    began, busy = time.monotonic(), processor_time(pid)
    while time.monotonic() - began < seconds:
        each_second()
        time.sleep(1)
    return 100 * (processor_time(pid) - busy) / (time.monotonic() - began)


CHECKS: list[Check] = [redis_killed, idle_api]
