"""An error of too little memory is damage where the file asks for too much, and else the machine's."""

import subprocess
import sys
from pathlib import Path

import pytest

from ingest.files.opening import UnreadableError
from ingest.files.recording import open_recording
from tests.clips import even
from tests.films import make_film

LIMITED = (
    "from resource import RLIMIT_DATA, setrlimit\n"
    "from ingest.memory import is_exhausted\n"
    "free = is_exhausted()\n"
    "setrlimit(RLIMIT_DATA, (1 << 26, 1 << 26))\n"
    "print(free, is_exhausted())\n"
)


def greedy(path: Path) -> Path:
    """Make a fragmented MP4 whose last fragment claims to have 268 million samples."""
    film = bytearray(make_film(path, even(50)).read_bytes())
    run = film.rfind(b"trun")
    film[run + 8 : run + 12] = b"\x0f\xff\xff\xff"
    path.write_bytes(film)
    return path


def test_a_file_that_asks_for_too_much_at_once_is_no_video(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="not a video"):
        open_recording(greedy(tmp_path / "film.frag.mp4"), "clip", None)


def test_memory_is_exhausted_at_the_limit_of_the_process() -> None:
    ran = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "True"]
