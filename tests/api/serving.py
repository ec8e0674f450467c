"""A real API on a free port, and timelines written as the engine writes them."""

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from api.access.authorization import CHECK_INTERVAL
from api.app import create_app
from api.app_settings import AppSettings
from api.server.gate import Gate
from api.server.server import ApiServer, uvicorn_config
from api.settings import RecordingLimits
from api.stream.connection import CLIENT_TIMEOUT
from api.stream.previews import TIMEOUT as PREVIEW_TIMEOUT
from engine.labels import LABELS, Label
from engine.records import Box, Coverage, CoverageKind, Event, Floats, Reading, Second
from engine.wire import encode_event, encode_seconds
from ingest.bus.connection import connect
from ingest.bus.keys import SOURCES, overview_key
from ingest.bus.source_config import SourceConfig, encode_config
from ingest.bus.timeline import Timeline
from ingest.network.allowlist import EVERYWHERE, Allowlist
from ingest.settings import TokenMode
from tests.waiting import until

NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Api:
    """The API under test: its address, its Redis server and its media folder."""

    port: int
    redis_url: str
    media: Path

    @property
    def data(self) -> Path:
        return self.media / "data"

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def serving(
    redis_url: str,
    media: Path,
    port: int | None = None,
    *,
    tokens: TokenMode = "open",
    limits: RecordingLimits | None = None,
    networks: Allowlist = EVERYWHERE,
    shards: int = 1,
    root_path: str = "",
    token_check_interval: float = CHECK_INTERVAL,
    preview_timeout: float = PREVIEW_TIMEOUT,
    client_timeout: float = CLIENT_TIMEOUT,
    gate: Gate | None = None,
) -> Iterator[Api]:
    """Serve as `python -m api` does, in a thread, until the context ends."""
    api = Api(port or free_port(), redis_url, media)
    limits = limits or RecordingLimits(reserve=0)
    settings = AppSettings(
        redis_url,
        media,
        data=api.data,
        limits=limits,
        tokens=tokens,
        networks=networks,
        shards=shards,
        root_path=root_path,
    )
    app = create_app(settings, token_check_interval=token_check_interval, preview_timeout=preview_timeout)
    config = uvicorn_config(app, "127.0.0.1", api.port)
    config.ws_ping_timeout = client_timeout
    server = ApiServer(config, Gate(10_000, per_address=10_000) if gate is None else gate)
    thread = threading.Thread(target=server.run, args=(server.listen(),))
    thread.start()
    try:
        until(lambda: server.started, 10, "the API listens")
        yield api
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive(), "the API did not stop"


def configure(redis_url: str, id: str = "lobby", url: str = "rtsp://viewer:planted@192.0.2.7/1") -> None:
    """Add a source without the API."""
    config = SourceConfig(id=id, name=id.title(), url=url, rate=10.0, created_at=0.0)
    with connect(redis_url) as client:
        client.hset(SOURCES, id, encode_config(config))


@contextmanager
def refusing_writes(redis_url: str, setting: str = "min-replicas-to-write") -> Iterator[None]:
    """Make Redis refuse writes, as with a full disk or memory."""
    with connect(redis_url) as client:
        client.execute_command("CONFIG SET", setting, 1)
        try:
            yield
        finally:
            client.execute_command("CONFIG SET", setting, 0)


def write(redis_url: str, events: Iterable[Event]) -> None:
    with connect(redis_url) as client:
        Timeline(client).push([encode_event(event) for event in events])


def write_seconds(
    redis_url: str, label: Label, ago: float, length: float, *, track: int = 1, source: str = "lobby"
) -> None:
    """Write a face's seconds of one expression as the engine does, beginning `ago` seconds before now."""
    now = datetime.now(UTC).timestamp()
    with connect(redis_url) as client, client.pipeline(transaction=False) as commands:
        for number in range(int(length)):
            at = now - ago + number
            second = Second(
                source,
                track,
                number * NANOSECONDS,
                datetime.fromtimestamp(at, UTC),
                10,
                values_of(label),
                label,
            )
            [entry] = encode_seconds([second])
            commands.xadd(
                overview_key(source), {"type": entry.type, "body": entry.body}, id=f"{int(at * 1000)}-0"
            )
        commands.execute()


def values_of(label: Label | None) -> Floats:
    values = np.full(len(LABELS), 0.04, np.float32)
    values[LABELS.index(label or "neutral")] = 0.76
    return values


def reading(number: int, label: Label | None = "happy", track: int = 1, ago: float = 0.0) -> Reading:
    """A face in the middle of the picture, captured `ago` seconds before now."""
    captured = datetime.now(UTC) - timedelta(seconds=ago)
    values = values_of(label)
    grid = np.linspace(0.42, 0.58, 15, dtype=np.float32)
    return Reading(
        source="lobby",
        track=track,
        connection=1,
        frame=number,
        media_time=number * NANOSECONDS // 10,
        captured_at=captured,
        clock="arrival",
        result_at=captured,
        box=Box(0.25, 0.25, 0.75, 0.75),
        keypoints=np.stack([grid, grid], axis=1),
        raw=values,
        smoothed=values,
        label=label,
        abstained=None if label else "unsure",
        quality=0.9,
        model="emotion-00000000",
    )


def coverage(kind: CoverageKind, frames: int, ago: float, length: float) -> Coverage:
    """Coverage of `length` seconds that began `ago` seconds before now."""
    started = datetime.now(UTC) - timedelta(seconds=ago)
    ended = started + timedelta(seconds=length)
    return Coverage("lobby", kind, 0, int(length * NANOSECONDS), started, ended, frames)
