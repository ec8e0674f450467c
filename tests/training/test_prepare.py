"""Small files in Kaggle's format become arrays that training reads; others are refused in one line."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.labels import KEYPOINTS, LABELS
from training.data.duplicates import near_groups, split_by_group
from training.data.faces import read_expressions, read_portraits
from training.data.kaggle import FER2013_LABELS
from training.prepare import main

COORDINATES = [f"{point}_{axis}" for point in KEYPOINTS for axis in "xy"]


def pictures(count: int, side: int) -> NDArray[np.uint8]:
    """Return pictures of coarse noise, all different."""
    coarse = np.random.default_rng(0).integers(0, 256, (count, 6, 6), dtype=np.uint8)
    return coarse.repeat(side // 6, axis=1).repeat(side // 6, axis=2)


def text(picture: NDArray[np.uint8]) -> str:
    return " ".join(map(str, picture.ravel()))


def fer2013(file: Path, faces: NDArray[np.uint8]) -> Path:
    """Write the first face as PrivateTest, the second as PublicTest, the rest as Training; labels 0 to 6."""
    usages = ["PrivateTest", "PublicTest", *["Training"] * len(faces)]
    rows = [f"{number % 7},{text(face)},{usages[number]}" for number, face in enumerate(faces)]
    file.write_text("\n".join(["emotion,pixels,Usage", *rows]) + "\n")
    return file


def keypoints(file: Path, faces: NDArray[np.uint8]) -> Path:
    """Write point k of face n at (n + k + 0.5, 2 k); the second face lacks its last point."""
    rows = []
    for number, face in enumerate(faces):
        values = [str(value) for k in range(15) for value in (number + k + 0.5, 2 * k)]
        if number == 1:
            values[-2:] = ["", ""]
        rows.append(",".join([*values, text(face)]))
    file.write_text("\n".join([",".join([*COORDINATES, "Image"]), *rows]) + "\n")
    return file


def test_fer2013_becomes_arrays_that_training_reads(tmp_path: Path) -> None:
    faces = pictures(70, 48)
    assert main(["--fer2013", str(fer2013(tmp_path / "f.csv", faces)), "--data", str(tmp_path)]) == 0
    read = read_expressions(tmp_path)
    np.testing.assert_array_equal(read.pixels, faces)
    assert [LABELS[n] for n in read.labels[:7]] == list(FER2013_LABELS)
    assert [read.test.argmax(), read.validation.argmax(), read.train.sum()] == [0, 1, 68]
    assert read.is_face.all()
    assert not read.votes.any()


def test_the_contests_other_file_has_another_order_of_columns(tmp_path: Path) -> None:
    face = pictures(1, 48)[0]
    (tmp_path / "icml_face_data.csv").write_text(f"emotion, Usage, pixels\n3,PrivateTest,{text(face)}\n")
    assert main(["--fer2013", str(tmp_path / "icml_face_data.csv"), "--data", str(tmp_path)]) == 0
    read = read_expressions(tmp_path)
    np.testing.assert_array_equal(read.pixels[0], face)
    assert LABELS[read.labels[0]] == "happy"


def test_a_version_of_a_test_photo_is_not_in_the_training_set(tmp_path: Path) -> None:
    faces = pictures(30, 48)
    faces[20] = np.clip(faces[0][:, ::-1] * 0.8 + 20, 0, 255)
    main(["--fer2013", str(fer2013(tmp_path / "f.csv", faces)), "--data", str(tmp_path)])
    read = read_expressions(tmp_path)
    assert np.flatnonzero(~read.train).tolist() == [0, 1, 20]


def test_complete_rows_of_the_keypoints_contest_become_portraits(tmp_path: Path) -> None:
    faces = pictures(4, 96)
    assert main(["--keypoints", str(keypoints(tmp_path / "t.csv", faces)), "--data", str(tmp_path)]) == 0
    read = read_portraits(tmp_path)
    assert read.pixels.shape == (3, 144, 144)
    difference = read.pixels[1, 24:120, 24:120].astype(int) - faces[2]
    assert np.abs(difference).mean() < 3  # JPEG
    np.testing.assert_allclose(read.points[1, 0], (24 + 2.5, 24))
    np.testing.assert_allclose(read.points[1, 14], (24 + 16.5, 24 + 28))
    assert (read.train | read.validation | read.test).all()


def test_a_folder_of_pictures_per_class_is_split_by_photo(tmp_path: Path) -> None:
    faces = pictures(80, 96)
    for number, face in enumerate(faces):
        folder = tmp_path / "own" / ("happy" if number % 2 else "sad") / "deeper"
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{number:02}.png"), np.pad(face, ((0, 0), (8, 8))))
    assert main(["--folder", str(tmp_path / "own"), "--data", str(tmp_path)]) == 0
    read = read_expressions(tmp_path)
    assert [LABELS[n] for n in read.labels] == ["happy"] * 40 + ["sad"] * 40
    np.testing.assert_array_equal(
        read.pixels[0], cv2.resize(faces[1], (48, 48), interpolation=cv2.INTER_AREA)
    )
    assert 0 < read.test.sum() < 12
    assert (read.train.astype(int) + read.validation + read.test == 1).all()


def test_versions_of_a_photo_are_in_one_set() -> None:
    faces = pictures(41, 48)
    twice = np.concatenate([faces, faces[:, :, ::-1]])
    group = near_groups(twice)
    np.testing.assert_array_equal(group, np.tile(np.arange(41), 2))
    split = split_by_group(twice, group)
    np.testing.assert_array_equal(split[:41], split[41:])
    assert set(split) == {0, 1, 2}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "f.csv lacks the columns emotion, pixels, Usage; it has none"),
        ("emotion,pixels\n", "f.csv lacks the columns Usage; it has emotion, pixels"),
        ("emotion,pixels,Usage\n", "f.csv has no pictures below the line of column names"),
        ("emotion,pixels,Usage\n3,1 2 3,Training\n", "line 2: 2304 pixels are needed, got 3"),
        ("emotion,pixels,Usage\n3,1 x,Training\n", "line 2: pixels must be numbers, got '1 x'"),
        ("emotion,pixels,Usage\n3\n", "line 2: 3 columns are needed, got 1"),
    ],
)
def test_other_files_are_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, message: str
) -> None:
    (tmp_path / "f.csv").write_text(content)
    assert main(["--fer2013", str(tmp_path / "f.csv"), "--data", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert error.strip().endswith(message)
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_an_unknown_label_or_class_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    face = text(pictures(1, 48)[0])
    (tmp_path / "f.csv").write_text(f"emotion,pixels,Usage\n7,{face},Training\n")
    assert main(["--fer2013", str(tmp_path / "f.csv"), "--data", str(tmp_path)]) == 2
    assert "line 2: one of 0, 1, 2, 3, 4, 5, 6 is needed, got '7'" in capsys.readouterr().err
    (tmp_path / "own" / "joy").mkdir(parents=True)
    assert main(["--folder", str(tmp_path / "own"), "--data", str(tmp_path)]) == 2
    assert "its folders must be named angry, disgust, " in capsys.readouterr().err
