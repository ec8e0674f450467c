"""The clients of a run: websocket readers that resume at their cursor, and one that exports."""

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPException

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

from tests.soak.log import Position, SourceLog, position

PAUSE = 0.5  # seconds before a client connects again
EXPORT_INTERVAL = 5.0  # seconds
TIMEOUT = 30.0  # seconds


class Follower(threading.Thread):
    """Follows one source until `stop` is set."""

    def __init__(self, address: str, source: str, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.log = SourceLog()
        self.arrived_at = 0.0  # seconds, monotonic; of the newest reading
        self._url = f"{address.replace('http', 'ws', 1)}/v1/sources/{source}/live"
        self._stop_event = stop

    def run(self) -> None:
        while not self._stop_event.is_set():
            try:
                self._follow()
            except (ConnectionClosed, InvalidHandshake, OSError, EOFError):
                self._stop_event.wait(PAUSE)

    def _follow(self) -> None:
        with connect(f"{self._url}?after={self.log.cursor or 0}", open_timeout=TIMEOUT) as socket:
            while not self._stop_event.is_set():
                message = json.loads(socket.recv(TIMEOUT))
                self.log.add(message)
                if message["type"] == "reading":
                    self.arrived_at = time.monotonic()


@dataclass(slots=True)
class Export:
    """A file that ended as it should: its cursors in order."""

    source: str
    cursors: list[Position]


@dataclass(slots=True)
class Exporter:
    """Exports the last minute of one source after the other, until `stop` is set."""

    address: str
    sources: Sequence[str]
    stop: threading.Event
    files: list[Export] = field(default_factory=list)
    broken: int = 0

    def run(self) -> None:
        number = 0
        while not self.stop.wait(EXPORT_INTERVAL):
            source = self.sources[number % len(self.sources)]
            number += 1
            try:
                self.files.append(Export(source, self._export(source)))
            except (OSError, HTTPException, ValueError):
                self.broken += 1

    def _export(self, source: str) -> list[Position]:
        url = f"{self.address}/v1/timelines/{source}?format=jsonl&from=-60s"
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
            return [position(json.loads(line)["cursor"]) for line in answer.read().splitlines()]
