"""Inputs of the command line, and their folders of results."""

from pathlib import Path

from api.verbs.inputs import find_inputs


def made(folder: Path, *names: str) -> list[Path]:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return [folder / name for name in names]


def test_a_file_gives_a_folder_of_its_stem(tmp_path: Path) -> None:
    clip, photo = find_inputs(made(tmp_path, "my clip é.mp4", "photo.JPG"))
    assert (clip.name, clip.folder, clip.stills) == ("my clip é.mp4", "my clip é", False)
    assert (photo.folder, photo.stills) == ("photo", True)


def test_two_that_share_a_name_do_not_share_a_folder(tmp_path: Path) -> None:
    inputs = find_inputs(made(tmp_path, "a/x.mp4", "b/x.mp4", "x.mov", "y.mp4"))
    assert [each.folder for each in inputs] == ["x.mp4", "x.mp4-2", "x.mov", "y"]


def test_folders_of_results_stay_below_the_output_folder(tmp_path: Path) -> None:
    names = ("...mkv", "....mp4", "b/...mkv", "-x.mp4", "a\\b.mp4", "c\n.mp4", ".hid.mp4", "X.mov")
    folders = [each.folder for each in find_inputs(made(tmp_path, *names))]
    assert folders == ["mkv", "mp4", "mkv-2", "x.mp4", "a_b", "c_n", "hid", "X.mov"]


def test_a_folder_gives_one_input_of_pictures_and_one_for_each_video(tmp_path: Path) -> None:
    made(tmp_path, "b.png", "a.jpg", "notes.txt", ".hidden.jpg", "clip.mp4", "below/c.jpg")
    pictures, clip = find_inputs([tmp_path])
    assert (pictures.folder, pictures.stills) == (tmp_path.name, True)
    assert [path.name for path in pictures.files] == ["a.jpg", "b.png"]
    assert (clip.folder, clip.files) == ("clip", (tmp_path / "clip.mp4",))


def test_an_empty_folder_is_an_input_without_files(tmp_path: Path) -> None:
    (each,) = find_inputs([tmp_path])
    assert each.files == ()


def test_a_missing_file_is_an_input(tmp_path: Path) -> None:
    (each,) = find_inputs([tmp_path / "missing.mp4"])
    assert each.files == (tmp_path / "missing.mp4",)


def test_a_name_that_is_not_utf_8_can_be_printed(tmp_path: Path) -> None:
    (each,) = find_inputs([tmp_path / "caf\udce9.mp4"])
    assert each.name == "caf\\udce9.mp4"
    each.name.encode()
