"""A Redis server whose files a test can read."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.redis_server import RedisServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()
