"""Faulty inputs and outputs: one line and the exit code for each; good results are kept."""

import csv
import json
import os
import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.api.verbs.commanding import call, start
from tests.api.verbs.portrait_clips import face_clip, scene
from tests.clips import cut, even, make_clip, make_sound, zero_third
from tests.waiting import until

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of one face."""
    return face_clip(tmp_path_factory.mktemp("clips") / "face.mkv", even(100), size=(320, 240))


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two minutes of one face."""
    return face_clip(tmp_path_factory.mktemp("clips") / "long.mp4", even(3000), size=(320, 240))


def text(path: Path) -> Path:
    path.write_text("this is not a video, but a letter\n" * 20)
    return path


def empty(path: Path) -> Path:
    path.touch()
    return path


def cut_before_index(path: Path) -> Path:
    return cut(make_clip(path, even(50), index_first=False), 0.5)


@pytest.mark.parametrize(
    ("make", "name", "reason"),
    [
        (lambda path: path, "missing.mp4", "no such file"),
        (empty, "empty.mp4", "empty file"),
        (text, "letter.mp4", "not a video"),
        (text, "letter.png", "not an image"),
        (cut_before_index, "cut.mp4", "cut off before its index"),
        (make_sound, "sound.m4a", "no video stream"),
        (empty, "with spaces é ü.mp4", "empty file"),
    ],
)
def test_unreadable_inputs(
    tmp_path: Path, capfd: Capture, make: Callable[[Path], Path], name: str, reason: str
) -> None:
    path = make(tmp_path / name)
    called = call(capfd, "run", path, "--out", tmp_path / "out")
    assert called.code == 2
    assert called.error_line() == f"{path}: {reason}"
    assert called.out == ""
    assert not (tmp_path / "out").exists()


def test_a_folder_with_nothing_in_it(tmp_path: Path, capfd: Capture) -> None:
    (tmp_path / "things").mkdir()
    called = call(capfd, "run", tmp_path / "things", "--out", tmp_path / "out")
    assert (called.code, called.error_line()) == (
        2,
        f"{tmp_path}/things: no videos or pictures in this folder",
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path, capfd: Capture) -> None:
    path = make_clip(tmp_path / "secret.mp4", even(3))
    path.chmod(0)
    called = call(capfd, "run", path, "--out", tmp_path / "out")
    assert (called.code, called.error_line()) == (2, f"{path}: no permission")


def test_the_others_are_read(tmp_path: Path, capfd: Capture, clip: Path) -> None:
    called = call(capfd, "run", empty(tmp_path / "a.mp4"), clip, "--out", tmp_path / "out", "--json")
    assert called.code == 2
    assert called.error_line().endswith("a.mp4: empty file")
    (summary,) = called.json
    assert summary["source"] == "face.mkv"


def test_a_file_cut_in_the_middle(tmp_path: Path, capfd: Capture, clip: Path) -> None:
    path = cut(Path(shutil.copy(clip, tmp_path / "cut.mkv")), 0.6)
    called = call(capfd, "run", path, "--out", tmp_path / "out")
    assert called.code == 3
    assert called.error_line().startswith(f"{path}: damaged from 2.")
    summary = json.loads((tmp_path / "out/cut/summary.json").read_text())
    assert summary["coverage"]["decode_error"] == pytest.approx(1.6, abs=0.3)
    assert sum(summary["coverage"].values()) == pytest.approx(summary["duration"], abs=0.04)
    assert summary["damage"][0]["ended"] == pytest.approx(4.0, abs=0.1)
    assert summary["readings"] == len(rows(tmp_path / "out/cut")) > 15


def test_a_zeroed_third(tmp_path: Path, capfd: Capture, clip: Path) -> None:
    path = zero_third(Path(shutil.copy(clip, tmp_path / "zeroed.mkv")))
    called = call(capfd, "run", path, "--out", tmp_path / "out", "--json")
    assert called.code == 3
    assert called.error_line().startswith(f"{path}: damaged from ")
    assert called.json["damage"][0]["started"] == pytest.approx(1.2, abs=0.5)
    assert called.json["coverage"]["decode_error"] > 0.5
    assert sum(called.json["coverage_percent"].values()) == pytest.approx(100, abs=1e-9)
    times = [float(row["media_time"]) for row in rows(tmp_path / "out/zeroed")]
    assert min(times) < 1
    assert max(times) > 3.5


def test_the_output_is_a_file(tmp_path: Path, capfd: Capture, clip: Path) -> None:
    called = call(capfd, "run", clip, "--out", empty(tmp_path / "out"))
    assert called.code == 2
    assert called.error_line() == f"{tmp_path}/out is a file: --out must be a folder"


def test_the_output_lies_below_a_file(tmp_path: Path, capfd: Capture, clip: Path) -> None:
    empty(tmp_path / "file")
    called = call(capfd, "run", clip, "--out", tmp_path / "file/out")
    assert (called.code, called.error_line()) == (
        1,
        f"{tmp_path}/file/out/face: cannot write: not a directory",
    )


@contextmanager
def small_disk(size: int) -> Iterator[None]:
    """No file can grow beyond `size` bytes: writing fails as on a full disk, with EFBIG for ENOSPC."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [3_000, 12_000])
def test_a_full_disk(tmp_path: Path, capfd: Capture, clip: Path, size: int) -> None:
    with small_disk(size):
        called = call(capfd, "run", clip, "--out", tmp_path / "out", "--video")
    assert called.code == 1
    assert called.error_line() == f"{tmp_path}/out/face: cannot write: file too large"


@pytest.mark.parametrize("rate", ["0", "-1", "often", "nan", "inf", "61", "1e6"])
def test_an_unknown_rate(tmp_path: Path, capfd: Capture, clip: Path, rate: str) -> None:
    called = call(capfd, "run", clip, "--out", tmp_path / "out", f"--rate={rate}")
    assert called.code == 2
    assert f"must be more than 0.001 and at most 60, or `all`, got '{rate}'" in called.err
    assert "Traceback" not in called.err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_readings_before_ctrl_c_are_kept(tmp_path: Path, long_clip: Path, number: int, code: int) -> None:
    process = start("run", long_clip, "--out", tmp_path / "out", "--rate", "all")
    readings = tmp_path / "out/long/readings.csv"
    until(lambda: readings.exists() and readings.stat().st_size > 8000, 60, "readings are written")
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == code
    assert errors.splitlines()[-1] == f"mien: stopped; the results so far are in {tmp_path}/out"
    assert "Traceback" not in errors
    summary = json.loads((tmp_path / "out/long/summary.json").read_text())
    assert summary["interrupted"]
    assert summary["duration"] < 119
    assert sum(summary["coverage"].values()) == pytest.approx(summary["duration"], abs=1e-3)
    assert pq.read_table(tmp_path / "out/long/readings.parquet").num_rows == summary["readings"]


def test_pictures_that_cannot_be_read_do_not_stop_the_others(tmp_path: Path, capfd: Capture) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    cv2.imwrite(str(folder / "good.png"), scene(0, (320, 240)))
    text(folder / "letter.jpg")
    called = call(capfd, "run", folder, "--out", tmp_path / "out", "--json")
    assert called.code == 2
    assert called.error_line() == f"{folder}/letter.jpg: not an image"
    assert called.json["coverage_percent"]["decode_error"] == 50.0
    assert {row["source"] for row in rows(tmp_path / "out/photos")} == {"good.png"}


def test_a_damaged_picture(tmp_path: Path, capfd: Capture) -> None:
    path = tmp_path / "damaged.jpg"
    noise = np.random.default_rng(0).integers(0, 256, (80, 120, 3), np.uint8)
    cv2.imwrite(str(path), noise)
    data = bytearray(path.read_bytes())
    data[4000:4400] = bytes(400)
    path.write_bytes(data)
    called = call(capfd, "run", path, "--out", tmp_path / "out")
    assert (called.code, called.error_line()) == (3, f"{path}: damaged: damaged.jpg: damaged picture")


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "readings.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
