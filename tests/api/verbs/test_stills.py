"""`mien run` with pictures in every format and orientation, animations, and folders of everything."""

import csv
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.api.verbs.commanding import call
from tests.api.verbs.portrait_clips import scene
from tests.pictures import FORMATS, Colour, write_animation, write_heic, write_turned

Capture = pytest.CaptureFixture[str]


def portrait() -> Colour:
    return np.ascontiguousarray(scene(0, (640, 360))[..., ::-1])


def rows(folder: Path) -> list[dict[str, Any]]:
    with (folder / "readings.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def box(row: dict[str, Any]) -> list[float]:
    return [float(row[edge]) for edge in ("left", "top", "right", "bottom")]


def test_a_face_is_the_same_in_every_format_and_orientation(tmp_path: Path, capfd: Capture) -> None:
    album = tmp_path / "album"
    album.mkdir()
    for suffix in FORMATS:
        for orientation in range(1, 9):
            write_turned(album / f"{orientation}{suffix}", portrait(), orientation)
    called = call(capfd, "run", album, "--out", tmp_path / "out", "--json")
    found = rows(tmp_path / "out/album")
    assert (called.code, called.json["kind"], called.err) == (0, "pictures", "")
    assert (called.json["width"], called.json["height"]) == (640, 360)
    assert len({row["source"] for row in found}) == len(found) == 8 * len(FORMATS)
    assert {row["label"] for row in found} == {found[0]["label"]}
    assert [box(row) for row in found] == [pytest.approx(box(found[0]), abs=0.01)] * len(found)


def test_the_tiles_of_a_phone_are_one_picture(tmp_path: Path, capfd: Capture) -> None:
    photo = write_heic(tmp_path / "photo.heic", portrait(), columns=4, rows=2)
    called = call(capfd, "run", photo, "--out", tmp_path / "out", "--json", "--video")
    assert (called.code, called.json["kind"], called.json["duration"]) == (0, "picture", 0)
    assert (called.json["width"], called.json["height"], called.json["readings"]) == (640, 360, 1)
    assert (tmp_path / "out/photo/annotated.jpg").exists()


def test_a_folder_is_read_whole_or_says_what_is_left_out(tmp_path: Path, capfd: Capture) -> None:
    album = tmp_path / "album\n"
    (album / "below").mkdir(parents=True)
    for name in ("a.txt", "b.TXT", "README", ".hidden"):
        (album / name).write_text("no picture\n")
    write_heic(album / "=photo\x1b.heic", portrait())
    shutil.copy(album / "=photo\x1b.heic", album / "=photo\x1b.heif")
    write_animation(album / "moving.webp", [portrait(), portrait()[:, ::-1]], [100, 300])
    called = call(capfd, "run", album, "--out", tmp_path / "out", "--video")
    assert called.code == 0
    assert called.error_line() == f"{tmp_path}/album\\n: left out: 2 .txt, 1 folder, 1 without a suffix"
    assert "\x1b" not in called.out
    sources = [row["source"] for row in rows(tmp_path / "out/album_n")]
    assert sources == ["'=photo\\x1b.heic", "'=photo\\x1b.heif"]
    drawn = sorted(path.name for path in (tmp_path / "out/album_n/annotated").iterdir())
    assert drawn == ["=photo_x1b-2.jpg", "=photo_x1b.jpg"]
    assert (tmp_path / "out/moving/summary.json").exists()


def test_the_pages_of_a_scan_that_are_left_out_are_counted(tmp_path: Path, capfd: Capture) -> None:
    write_animation(tmp_path / "scan.tif", [portrait()] * 3, [1] * 3)
    called = call(capfd, "run", tmp_path / "scan.tif", "--out", tmp_path / "out")
    assert called.code == 0
    assert called.error_line().endswith("scan.tif: left out: 2 more pages or pictures of this file")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tiled_portrait.heic", {"kind": "picture", "duration": 0, "width": 1280, "readings": 1}),
        ("animated.png", {"kind": "video", "duration": 0.6, "readings": 6}),
        ("animated.webp", {"kind": "video", "duration": 2, "readings": 20}),
    ],
)
def test_the_shared_cases(tmp_path: Path, capfd: Capture, name: str, expected: dict[str, Any]) -> None:
    case = Path(__file__).parents[4] / "shared/cases" / name
    if not case.exists():
        pytest.skip(f"needs {case}")
    called = call(capfd, "run", shutil.copy(case, tmp_path), "--out", tmp_path / "out", "--json")
    assert called.code == 0
    assert {key: called.json[key] for key in expected} == expected
    assert all(row["label"] == "happy" for path in (tmp_path / "out").iterdir() for row in rows(path))
