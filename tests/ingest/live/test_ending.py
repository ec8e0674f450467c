"""The ingest service when it, or its Redis, ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.redis_server import RedisServer
from tests.clips import even, make_clip
from tests.ingest.live.service import Ingest, live
from tests.processes import is_alive
from tests.waiting import until


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis on which no other ingest holds the lease of the shard."""
    server = RedisServer(tmp_path_factory.mktemp("r"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own(own_server: RedisServer, tmp_path: Path) -> Iterator[Ingest]:
    """A service of its own, which a test may end."""
    make_clip(tmp_path / "camera.mp4", even(250), size=(160, 120))
    service = Ingest(own_server.url, tmp_path)
    yield service
    service.stop()


def test_stopping_ends_all_decoders(own: Ingest) -> None:
    for number in range(3):
        own.add(f"clip{number}", "camera.mp4?loop")
    until(lambda: len(own.children()) == 3, 15, "three decoders")
    decoders = own.children()
    own.stop()
    assert own.process.returncode == 0
    assert not any(is_alive(decoder) for decoder in decoders)


def test_decoders_end_with_a_killed_service(own: Ingest) -> None:
    own.add("clip", "camera.mp4?loop")
    live(own, "clip")
    decoders = own.children()
    own.process.kill()
    own.process.wait()
    until(lambda: not any(is_alive(decoder) for decoder in decoders), 3, "the decoder goes with its keeper")


def test_decoding_goes_on_while_redis_restarts(own: Ingest, own_server: RedisServer) -> None:
    own.add("clip", "camera.mp4?loop")
    live(own, "clip")
    before = own.frames("clip")[-1]
    assert own_server.process is not None
    own_server.process.kill()
    own_server.process.wait()
    own_server.start()
    after = until(lambda: own.frames("clip"), 10, "frames on the new server")
    assert after[0].connection == before.connection
    assert after[0].number > before.number
