"""`mien run` from end to end, with the shipped networks: videos and pictures in, folders of results out."""

import csv
import json
import os
import pty
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from engine.labels import LABELS
from tests.api.results.recorded_events import READING_COLUMNS
from tests.api.verbs.commanding import MIEN, call
from tests.api.verbs.portrait_clips import face_clip, scene
from tests.clips import created_at, even

Capture = pytest.CaptureFixture[str]

FILES = {
    *("readings.parquet", "readings.csv", "spans.csv", "coverage.csv"),
    *("timeline.vtt", "summary.json", "report.html"),
}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds; the face is away from 2 to 2.8 s."""
    return face_clip(tmp_path_factory.mktemp("clips") / "face.mp4", even(100), empty=range(50, 70))


def rows(folder: Path, name: str = "readings.csv") -> list[dict[str, str]]:
    with (folder / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def times(folder: Path) -> list[float]:
    return [float(row["media_time"]) for row in rows(folder)]


def run(capfd: Capture, path: Path, out: Path, *options: str) -> dict[str, Any]:
    """Return the summary of a run without errors."""
    called = call(capfd, "run", path, "--out", out, "--json", *options)
    assert (called.code, called.err) == (0, "")
    summary: dict[str, Any] = called.json
    return summary


def test_a_video_gives_a_folder(tmp_path: Path, capfd: Capture, clip: Path) -> None:
    summary = run(capfd, clip, tmp_path / "out")
    folder = tmp_path / "out/face"
    assert {path.name for path in folder.iterdir()} == FILES
    assert summary == json.loads((folder / "summary.json").read_text())
    assert (summary["source"], summary["width"], summary["height"]) == ("face.mp4", 640, 360)
    assert (summary["frames_decoded"], summary["duration"]) == (100, pytest.approx(4, abs=0.041))
    assert summary["faces"] == len(summary["tracks"]) == 1
    assert summary["readings"] == summary["tracks"][0]["readings"] == len(rows(folder))
    assert set(summary["models"]) == {"detector", "keypoints", "emotion"}
    assert summary["speed"] > 0


def test_rows_have_the_number_of_their_picture_and_the_time_at_which_it_was_taken(
    tmp_path: Path, capfd: Capture, clip: Path
) -> None:
    tagged = created_at(clip, tmp_path / "tagged.mp4", "2024-05-01T12:00:00Z")
    plain, summary = run(capfd, clip, tmp_path), run(capfd, tagged, tmp_path)
    assert (plain["created_at"], plain["clock"]) == (None, None)
    assert (summary["created_at"], summary["clock"]) == ("2024-05-01T12:00:00.000Z", "container")
    before, after = rows(tmp_path / "face"), rows(tmp_path / "tagged")
    assert [int(row["frame"]) for row in after] == [round(float(row["media_time"]) * 25) for row in after]
    assert {row["captured_at"] for row in before} == {""}
    assert [row["captured_at"] for row in after] == [
        f"2024-05-01T12:00:0{float(row['media_time']):.3f}Z" for row in after
    ]
    changed = {"source", "captured_at"}
    assert [{k: row[k] for k in row.keys() - changed} for row in before] == [
        {k: row[k] for k in row.keys() - changed} for row in after
    ]


def test_rows_are_complete_and_cover_the_time_of_the_face(tmp_path: Path, capfd: Capture, clip: Path) -> None:
    run(capfd, clip, tmp_path)
    readings = rows(tmp_path / "face")
    assert list(readings[0]) == READING_COLUMNS == pq.read_schema(tmp_path / "face/readings.parquet").names
    seen = times(tmp_path / "face")
    assert seen == sorted(seen)
    assert not [time for time in seen if 2.0 <= time < 2.8]
    assert seen == pytest.approx([t for t in np.arange(0, 4, 0.08) if not 2.0 <= t < 2.8], abs=0.001)
    for row in readings:
        assert row["source"] == "face.mp4"
        assert sum(float(row[label]) for label in LABELS) == pytest.approx(1, abs=0.001)
        assert float(row["left"]) < float(row["nose_tip_x"]) < float(row["right"])
        assert float(row["top"]) < float(row["nose_tip_y"]) < float(row["bottom"])


def test_coverage_adds_up(tmp_path: Path, capfd: Capture, clip: Path) -> None:
    summary = run(capfd, clip, tmp_path)
    assert sum(summary["coverage"].values()) == pytest.approx(summary["duration"], abs=1e-5)
    assert sum(summary["coverage_percent"].values()) == pytest.approx(100, abs=1e-9)
    assert summary["coverage"]["no_face"] == pytest.approx(0.8, abs=0.1)
    periods = rows(tmp_path / "face", "coverage.csv")
    assert periods[0]["started"] == "0.0"
    assert all(a["ended"] == b["started"] for a, b in pairwise(periods))


def test_the_smile_is_labelled_happy(tmp_path: Path, capfd: Capture, clip: Path) -> None:
    summary = run(capfd, clip, tmp_path)
    assert summary["tracks"][0]["share"]["happy"] > 0.5
    assert "happy" in {row["label"] for row in rows(tmp_path / "face", "spans.csv")}
    assert "<v face 1>face 1: happy" in (tmp_path / "face/timeline.vtt").read_text()


def test_every_frame_at_its_own_time(tmp_path: Path, capfd: Capture) -> None:
    shown = [0, 40, 80, 300, 310, 1000, 1040, 1900]
    path = face_clip(tmp_path / "variable.mp4", shown)
    run(capfd, path, tmp_path / "out", "--rate", "all")
    assert times(tmp_path / "out/variable") == pytest.approx([time / 1000 for time in shown])


def test_the_same_video_gives_the_same_rows(tmp_path: Path, capfd: Capture, clip: Path) -> None:
    for out in ("first", "second"):
        run(capfd, clip, tmp_path / out)
    first, second = ((tmp_path / out / "face/readings.csv").read_bytes() for out in ("first", "second"))
    assert first == second


def test_two_at_once(tmp_path: Path, capfd: Capture, clip: Path) -> None:
    other = face_clip(tmp_path / "face.mkv", even(5))
    called = call(capfd, "run", clip, other, "--out", tmp_path / "out", "--json")
    assert [summary["source"] for summary in called.json] == ["face.mp4", "face.mkv"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"face.mp4", "face.mkv"}


def test_without_json_a_line_sums_the_run_up(tmp_path: Path, capfd: Capture, clip: Path) -> None:
    called = call(capfd, "run", clip, "--out", tmp_path)
    assert called.out.startswith("face.mp4: 1 face, ")
    assert called.out.endswith(f"-> {tmp_path}/face\n")


@pytest.mark.parametrize(
    ("name", "size", "codec"),
    [
        ("tiny.mp4", (176, 144), "libx264"),
        ("upright.mp4", (360, 640), "libx264"),
        ("large.mp4", (1920, 1080), "libx265"),
        ("name with spaces é ü (1).mp4", (320, 240), "libx264"),
    ],
)
def test_sizes_and_names(
    tmp_path: Path, capfd: Capture, name: str, size: tuple[int, int], codec: str
) -> None:
    path = face_clip(tmp_path / name, even(13), size=size, codec=codec)
    summary = run(capfd, path, tmp_path / "out")
    assert (summary["width"], summary["height"], summary["faces"]) == (*size, 1)
    assert rows(tmp_path / "out" / path.stem)[0]["source"] == name


def test_one_frame_only(tmp_path: Path, capfd: Capture) -> None:
    summary = run(capfd, face_clip(tmp_path / "one.mp4", [0]), tmp_path / "out")
    assert (summary["frames_decoded"], summary["readings"]) == (1, 1)
    assert sum(summary["coverage"].values()) == pytest.approx(summary["duration"], abs=0.041)


def test_a_video_without_a_face(tmp_path: Path, capfd: Capture) -> None:
    path = face_clip(tmp_path / "room.mp4", even(25), empty=range(25))
    summary = run(capfd, path, tmp_path / "out", "--video")
    assert (summary["tracks"], summary["coverage_percent"]["no_face"]) == ([], 100.0)
    assert rows(tmp_path / "out/room") == []
    assert "No face was detected" in (tmp_path / "out/room/report.html").read_text()


def test_the_annotated_video(tmp_path: Path, capfd: Capture, clip: Path) -> None:
    run(capfd, clip, tmp_path, "--video")
    with av.open(str(clip)) as before, av.open(str(tmp_path / "face/annotated.mp4")) as after:
        changed = []
        for old, new in zip(before.decode(video=0), after.decode(video=0), strict=True):
            assert old.time == pytest.approx(new.time, abs=1e-6)
            pair = [each.to_ndarray(format="gray").astype(int) for each in (old, new)]
            changed.append(bool((np.abs(pair[0] - pair[1]) > 60).sum() > 500))
        assert after.duration == pytest.approx(before.duration, abs=40_000)
    assert all(changed[:50])
    assert not any(changed[58:70])
    assert all(changed[70:])


def test_a_picture(tmp_path: Path, capfd: Capture) -> None:
    cv2.imwrite(str(tmp_path / "photo.jpg"), scene(0, (640, 480)))
    summary = run(capfd, tmp_path / "photo.jpg", tmp_path / "out", "--video")
    assert (summary["kind"], summary["duration"], summary["faces"]) == ("picture", 0.0, 1)
    assert (summary["speed"], summary["coverage_percent"]["observed"]) == (None, 100.0)
    (row,) = rows(tmp_path / "out/photo")
    assert (row["source"], row["track"], row["media_time"]) == ("photo.jpg", "1", "0.0")
    annotated = cv2.imread(str(tmp_path / "out/photo/annotated.jpg"))
    assert annotated is not None
    assert annotated.shape == (480, 640, 3)
    assert (np.abs(annotated.astype(int) - scene(0, (640, 480))) > 60).any(axis=2).sum() > 500


def test_a_folder_of_pictures(tmp_path: Path, capfd: Capture) -> None:
    folder = tmp_path / "album"
    folder.mkdir()
    for number, name in enumerate(["b.png", "a.jpg", "c.webp"]):
        cv2.imwrite(str(folder / name), scene(20 * number, (640, 360), empty=name.startswith("c")))
    summary = run(capfd, folder, tmp_path / "out", "--video")
    assert (summary["source"], summary["kind"], summary["frames_decoded"]) == ("album", "pictures", 3)
    assert [row["source"] for row in rows(tmp_path / "out/album")] == ["a.jpg", "b.png"]
    assert {row["media_time"] for row in rows(tmp_path / "out/album")} == {"0.0"}
    assert summary["coverage_percent"]["no_face"] == pytest.approx(33.3, abs=0.1)
    assert {path.name for path in (tmp_path / "out/album/annotated").iterdir()} == {
        "a.jpg",
        "b.png",
        "c.webp",
    }


def test_a_terminal_gets_a_bar(tmp_path: Path, clip: Path) -> None:
    terminal, child = pty.openpty()
    command = [str(MIEN), "run", str(clip), "--out", str(tmp_path), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=child) as process:
        os.close(child)
        shown = b""
        while chunk := read_terminal(terminal):
            shown += chunk
        assert process.stdout is not None
        printed = process.stdout.read()
    os.close(terminal)
    assert process.returncode == 0
    assert b"face.mp4" in shown
    assert b"x real time" in shown
    assert b"left" in shown
    assert json.loads(printed)["faces"] == 1


def read_terminal(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other end is closed
        return b""
