"""An uploaded file is probed in a process of its own with few rights."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ingest.files.opening import UnreadableError
from ingest.files.probe import probe as properties
from ingest.picture.options import DisplayOptions
from tests.clips import cut, even, make_clip, make_sound
from tests.pictures import write_heic


def probe(path: Path, max_pixels: int = 1_000_000) -> dict[str, object]:
    """Probe a file in this process."""
    try:
        return properties(path, DisplayOptions(max_pixels=max_pixels))
    except UnreadableError as error:
        return {"reason": error.reason}


def probe_outside(path: Path) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "ingest.files.probe", str(path), "1000000"],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_a_video_is_described(tmp_path: Path) -> None:
    assert probe_outside(make_clip(tmp_path / "clip.mp4", even(50), rotation=90)) == {
        "start": 0.0,
        "shift": 0.0,
        "duration": 2.0,
        "measured": True,
        "width": 240,
        "height": 320,
        "player_turn": "0",
        "media_type": "video/mp4",
    }


def test_the_reason_why_a_file_is_no_video_is_one_line(tmp_path: Path) -> None:
    late = make_clip(tmp_path / "cut.mp4", even(50), index_first=False)
    cut(late, 0.5)
    assert probe(make_sound(tmp_path / "sound.m4a")) == {"reason": "no video stream"}
    assert probe(tmp_path / "gone.mp4") == {"reason": "no such file"}
    assert probe(tmp_path) == {"reason": "is a folder"}
    assert probe_outside(late) == {"reason": "cut off before its index"}


@pytest.mark.parametrize(
    "action",
    ["open(sys.argv[1], 'w').write('x' * 100_000)", "bytes(5 * 1024**3)", "exec('while True: pass')"],
    ids=["writing", "memory", "work"],
)
def test_writes_memory_and_time_are_limited(tmp_path: Path, action: str) -> None:
    program = f"import sys, ingest.files.probe as probe; probe.CPU_TIME = 1; probe.limit(); {action}"
    target = tmp_path / "written"
    done = subprocess.run([sys.executable, "-c", program, str(target)], capture_output=True, check=False)
    assert done.returncode != 0
    assert not target.exists() or target.stat().st_size == 0


def test_no_rights_can_be_gained() -> None:
    program = "import ingest.files.probe; ingest.files.probe.limit(); print(open('/proc/self/status').read())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "NoNewPrivs:\t1\n" in done.stdout


def test_a_photo_is_described_and_a_huge_one_is_not_decoded(tmp_path: Path) -> None:
    photo = write_heic(tmp_path / "photo", np.zeros((64, 96, 3), np.uint8), orientation=6)
    size = {"width": 64, "height": 96}
    described = {
        "start": 0.0,
        "shift": 0.0,
        "duration": 0.0,
        "measured": True,
        **size,
        "player_turn": "0",
        "media_type": "image/heif",
    }
    assert probe(photo) == described
    photo.write_bytes(photo.read_bytes()[:-20])  # decoding would fail
    assert probe(photo) == {"reason": "damaged or cut off"}
    reason = "a picture has 64x96 pixels: MIEN_PIXELS_LIMIT must be at least that to read it"
    assert probe(photo, max_pixels=100) == {"reason": reason}
