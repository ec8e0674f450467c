"""Stills and animations are told apart by their content, and shown as their orientation says."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from ingest.files.opening import UnreadableError
from ingest.files.pictures import is_still, read_header
from ingest.files.recording import open_recording
from ingest.files.stills import read_image
from ingest.pace import SECOND
from ingest.picture.options import DisplayOptions
from tests.clips import even, make_clip
from tests.pictures import FORMATS, Colour, write_animation, write_heic, write_turned


def quarters(width: int = 192, height: int = 128) -> Colour:
    """A picture whose quarters are red, green, blue and white."""
    colours = np.array([[(255, 0, 0), (0, 255, 0)], [(0, 0, 255), (255, 255, 255)]], np.uint8)
    return colours.repeat(height // 2, axis=0).repeat(width // 2, axis=1)


def greys(number: int) -> list[Colour]:
    return [np.full((48, 64, 3), 40 * index, np.uint8) for index in range(number)]


@pytest.mark.parametrize("suffix", FORMATS)
def test_all_orientations_in_all_formats(tmp_path: Path, suffix: str) -> None:
    for orientation in range(1, 9):
        still = read_image(write_turned(tmp_path / f"{orientation}{suffix}", quarters(), orientation))
        wrong = np.abs(still.colour[..., ::-1].astype(int) - quarters()).mean(axis=2) > 60
        assert still.colour.shape == (128, 192, 3)
        assert wrong.mean() < 0.05, orientation


def test_the_tiles_of_a_phone_make_one_picture(tmp_path: Path) -> None:
    path = write_heic(tmp_path / "photo.heic", quarters(), columns=3, rows=2)
    still = read_image(path)
    assert np.abs(still.colour[..., ::-1].astype(int) - quarters()).mean() < 10


def test_a_picture_beyond_the_limit_is_not_decoded(tmp_path: Path) -> None:
    path = write_heic(tmp_path / "photo.heic", quarters())
    path.write_bytes(path.read_bytes()[:-300])  # decoding would fail
    with pytest.raises(UnreadableError, match="damaged or cut off"):
        read_image(path)
    with pytest.raises(UnreadableError, match="MIEN_PIXELS_LIMIT"):
        read_image(path, DisplayOptions(max_pixels=100))


def test_the_content_says_whether_a_file_is_a_still(tmp_path: Path) -> None:
    for suffix in (".webp", ".png", ".gif", ".avif"):
        assert is_still(write_animation(tmp_path / f"one{suffix}", greys(1), [100]))
        assert not is_still(write_animation(tmp_path / f"many{suffix}", greys(3), [100] * 3))
    bare = write_turned(tmp_path / "photo.jpg", quarters(), 6).rename(tmp_path / "bare")
    assert is_still(bare)
    assert not is_still(make_clip(tmp_path / "clip.mp4", even(5)).rename(tmp_path / "clip.jpg"))


def test_motion_jpeg_is_a_video_and_a_photo_with_a_preview_is_not(tmp_path: Path) -> None:
    photo = write_turned(tmp_path / "photo.jpg", quarters(), 1)
    (tmp_path / "motion").write_bytes(photo.read_bytes() * 3)
    assert not is_still(tmp_path / "motion")
    Image.fromarray(quarters()).save(
        tmp_path / "views.jpg", "MPO", save_all=True, append_images=[Image.fromarray(quarters(96, 64))]
    )
    assert is_still(tmp_path / "views.jpg")
    assert read_image(tmp_path / "views.jpg").left_out == 0


def test_further_pages_are_counted(tmp_path: Path) -> None:
    assert cv2.imwritemulti(str(tmp_path / "scan.tif"), greys(3))
    assert read_image(tmp_path / "scan.tif").left_out == 2


@pytest.mark.parametrize("suffix", [".webp", ".png", ".gif", ".avif"])
def test_an_animation_is_read_whole_with_its_own_times(tmp_path: Path, suffix: str) -> None:
    path = write_animation(tmp_path / f"animation{suffix}", greys(5), [100, 40, 500, 60, 700])
    with open_recording(path, path.name, None) as recording:
        frames = [(frame.media_time, int(frame.grey.mean())) for frame in recording]
    times = [round(time / SECOND, 3) for time, _ in frames]
    assert times == [0, 0.1, 0.14, 0.64, 0.7]
    assert [grey for _, grey in frames] == pytest.approx([0, 40, 80, 120, 160], abs=2)
    assert recording.duration == 1_400_000_000
    assert not recording.damage


@pytest.mark.parametrize(("suffix", "delays"), [(".webp", [5, 10, 20, 100]), (".gif", [10, 10, 20, 100])])
def test_pictures_of_almost_no_time_last_as_long_as_in_browsers(
    tmp_path: Path, suffix: str, delays: list[int]
) -> None:
    path = write_animation(tmp_path / f"fast{suffix}", greys(4), delays)
    with open_recording(path, path.name, None) as recording:
        assert [frame.media_time // 1_000_000 for frame in recording] == [0, 100, 200, 220]


def test_a_long_animation_is_read_to_its_end(tmp_path: Path) -> None:
    pictures = [np.full((360, 640, 3), index, np.uint8) for index in range(60)]
    path = write_animation(tmp_path / "long.webp", pictures, [50] * 60)
    with open_recording(path, path.name, None) as recording:
        assert len(list(recording)) == 60
    assert recording.duration == 3 * SECOND
    assert not recording.damage


@pytest.mark.parametrize("cut", [0.2, 0.9])
def test_an_animation_that_is_cut_off_is_an_error(tmp_path: Path, cut: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (5, 48, 64, 3), np.uint8)
    path = write_animation(tmp_path / "cut.webp", list(noise), [100] * 5)
    path.write_bytes(path.read_bytes()[: int(cut * path.stat().st_size)])
    with pytest.raises(UnreadableError):
        open_recording(path, path.name, None)


def test_a_header_has_the_size_and_the_media_type(tmp_path: Path) -> None:
    header = read_header(write_heic(tmp_path / "photo", quarters()))
    assert header is not None
    assert (header.width, header.height, header.media_type) == (192, 128, "image/heif")
