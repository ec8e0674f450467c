"""A real ingest service on a real Redis."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from ingest.bus.connection import connect
from ingest.bus.keys import SOURCES, frames_key, preview_key, timeline_key
from ingest.bus.source_config import SourceConfig, decode_config, encode_config
from ingest.bus.wire import decode_frame
from ingest.frame import Frame
from tests.processes import children_of
from tests.waiting import until

QUICK = {"MIEN_OPEN_TIMEOUT": "2", "MIEN_READ_TIMEOUT": "1"}  # seconds


class Ingest:
    """`python -m ingest`, its configuration, and its entries in Redis."""

    def __init__(self, url: str, media: Path) -> None:
        self.client = connect(url)
        environment = {
            **os.environ,
            **QUICK,
            "MIEN_TOKENS": "open",
            "REDIS_URL": url,
            "MIEN_MEDIA": str(media),
        }
        self.process = subprocess.Popen([sys.executable, "-m", "ingest"], env=environment)

    def add(self, id: str, url: str) -> None:
        config = SourceConfig(id=id, name=id, url=url, rate=10.0, created_at=time.time())
        self.client.hset(SOURCES, id, encode_config(config))

    def change(self, id: str, **fields: Any) -> None:
        """Change the configuration and delete the preview."""
        before = self.client.hget(SOURCES, id)
        assert isinstance(before, bytes)
        self.client.hset(SOURCES, id, encode_config(replace(decode_config(before), **fields)))
        self.client.delete(preview_key(id))

    def remove(self, id: str) -> None:
        self.client.hdel(SOURCES, id)

    def frames(self, source: str) -> list[Frame]:
        """Return the source's frames in Redis, oldest first."""
        entries = self.client.xrange(frames_key(0))
        return [frame for _, fields in entries if (frame := decode_frame(fields)).source == source]

    def states(self, source: str) -> list[str]:
        """Return the states of the source's connection, with reasons after a colon."""
        entries = self.client.xrange(timeline_key(source))
        bodies = [json.loads(fields[b"body"]) for _, fields in entries if fields[b"type"] == b"state"]
        return [f"{body['state']}: {body['reason']}".removesuffix(": ") for body in bodies]

    def children(self) -> set[int]:
        """Return the process IDs of the decoders."""
        return children_of(self.process.pid)

    def stop(self) -> None:
        """Stop the service."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)
        self.client.close()


def live(ingest: Ingest, source: str, seconds: float = 15.0) -> None:
    """Wait until the source is live and has sent a frame."""
    until(
        lambda: ingest.frames(source) and ingest.states(source)[-1:] == ["live"], seconds, f"{source} is live"
    )
