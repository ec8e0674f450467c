"""Fixtures of many tests: real servers, and the folder of test material."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.redis_server import RedisServer
from ingest.bus.connection import connect
from tests.cluster import Cluster
from tests.servers import RtspServer, has_gstreamer

# Some tests load ONNX Runtime without the engine: see engine.runtimes.onnx.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of videos, pictures and data beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("the test material ../shared is missing")
    return SHARED


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """Run one embedded server for all tests, in a folder with a name short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="mien-", dir="/tmp") as folder:
        server = RedisServer(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """Return the address of the embedded server, which is empty."""
    with connect(redis_server.url) as client:
        client.execute_command("FLUSHALL")
    return redis_server.url


@pytest.fixture(scope="session")
def gstreamer() -> None:
    if not has_gstreamer():
        pytest.skip("GStreamer's RTSP server (gir1.2-gst-rtsp-server-1.0) is not installed")


@pytest.fixture
def rtsp_server(gstreamer: None) -> Iterator[Callable[[dict[str, Path]], RtspServer]]:
    """Return a function that starts servers: `rtsp_server({"door": file})`; they end with the test."""
    started: list[RtspServer] = []

    def start(mounts: dict[str, Path]) -> RtspServer:
        started.append(RtspServer(mounts))
        return started[-1]

    yield start
    for server in started:
        server.kill()


@pytest.fixture(scope="session")
def three_servers() -> Iterator[Cluster]:
    """Run one Redis Cluster for all tests."""
    with tempfile.TemporaryDirectory(prefix="mien-", dir="/tmp") as folder:
        running = Cluster(Path(folder))
        yield running
        running.close()


@pytest.fixture
def cluster(three_servers: Cluster) -> Cluster:
    """Return the Redis Cluster, empty and with all its servers running."""
    three_servers.repair()
    three_servers.empty()
    return three_servers
