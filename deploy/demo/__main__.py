"""Source of the demo: renders its video once, and adds it to a running service.

The video is drawn, not filmed: two portraits (deploy.demo.portraits names them) that drift, lean and change
their expressions by a script. The timelines show how the networks read such drawings.
"""

import argparse
import contextlib
import json
import sys
import time
import urllib.error
import urllib.request
from http import HTTPStatus

from deploy.demo.scene import render
from ingest.bus.connection import REDIS_ERRORS, connect
from ingest.bus.heartbeat import send_local_heartbeat
from ingest.settings import IngestSettings

FILE = "demo.mp4"
HEARTBEAT_INTERVAL = 1.0  # seconds
SOURCE = {"name": "Demo", "url": f"{FILE}?loop"}


class Heartbeats:
    """Signs of life for the supervisor, at most one in each HEARTBEAT_INTERVAL."""

    def __init__(self) -> None:
        self._client = connect(retries=0)
        self._sent_at = -HEARTBEAT_INTERVAL

    def send(self) -> None:
        if time.monotonic() - self._sent_at >= HEARTBEAT_INTERVAL:
            self._sent_at = time.monotonic()
            with contextlib.suppress(*REDIS_ERRORS):
                send_local_heartbeat(self._client, "demo")


def add_source(api: str) -> None:
    """Add the video to the sources of the service at this address. Raises OSError."""
    request = urllib.request.Request(
        f"{api}/v1/sources", json.dumps(SOURCE).encode(), {"Content-Type": "application/json"}
    )
    try:
        urllib.request.urlopen(request, timeout=10).close()
    except urllib.error.HTTPError as error:
        if error.code != HTTPStatus.CONFLICT:  # an earlier run added it
            raise


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.demo", description=__doc__)
    parser.add_argument("api", help="address of the service, such as http://127.0.0.1:8400")
    arguments = parser.parse_args()
    file = IngestSettings.read("data", "media").media / FILE
    try:
        if not file.exists():
            print("rendering the demo's video, once", flush=True)
            render(file, on_frame=Heartbeats().send)
        add_source(arguments.api)
    except OSError as error:
        print(f"cannot add the demo: {error}", file=sys.stderr)
        return 1
    print(f"watch it at {arguments.api}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
