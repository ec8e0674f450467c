"""A decoder that needs too much memory ends with the reason."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import pytest

from ingest.bus.connection import connect
from ingest.bus.keys import SOURCES
from ingest.bus.source_config import SourceConfig, encode_config
from ingest.files.opening import open_video
from ingest.memory import TOO_MUCH
from ingest.picture.limit import SizeLimit

SIZE = 12000, 8000  # pixels; a picture takes 144 MB

DECODE = """
from ingest.live.process import decode
from ingest.memory import limit_memory
limit_memory(200_000_000, 0)
decode("door")
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("media") / "large.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuvj420p"
        frame = av.VideoFrame(*SIZE, format="yuvj420p")
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_a_source_is_lost_with_the_reason(redis_url: str, large: Path) -> None:
    config = SourceConfig("door", "Door", f"file:{large.name}", 10.0, 0.0)
    with connect(redis_url) as client:
        client.hset(SOURCES, "door", encode_config(config))
    environment = {"REDIS_URL": redis_url, "MIEN_MEDIA": str(large.parent), "OPENBLAS_NUM_THREADS": "1"}
    environment["MIEN_PIXELS_LIMIT"] = "12000x8000"
    command = [sys.executable, "-c", DECODE]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr) == (f"lost {TOO_MUCH}\n", "")


def test_a_file_that_demands_too_much_is_damaged_while_there_is_memory(large: Path) -> None:
    limit = SizeLimit(open_video(large)[1], SIZE[0] * SIZE[1])
    assert limit.check_error(av.error.MemoryError(12, "planted")) is None
