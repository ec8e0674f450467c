"""Image files of every format, and the errors of other files."""

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from ingest.files.opening import UnreadableError
from ingest.files.stills import Still, read_image, still_frame, write_image
from ingest.picture.display import turn_of
from ingest.picture.options import TURNS, DisplayOptions, Turn


def half_red(dtype: type[np.uint8 | np.uint16] = np.uint8) -> np.ndarray:
    """An image of 120 x 80 pixels: the upper half red, the lower half black."""
    image = np.zeros((80, 120, 3), dtype)
    image[:40] = (0, 0, np.iinfo(dtype).max)
    return image


def written(path: Path, image: np.ndarray) -> Path:
    assert cv2.imwrite(str(path), image)
    return path


def turned(path: Path, orientation: int) -> Path:
    """Add an EXIF orientation to a JPEG."""
    tiff = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0) + bytes(4)
    exif = b"Exif\0\0" + tiff
    data = path.read_bytes()
    path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:])
    return path


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "tif"])
def test_formats(tmp_path: Path, suffix: str) -> None:
    still = read_image(written(tmp_path / f"image.{suffix}", half_red()))
    assert still.colour.shape == (80, 120, 3)
    assert still.colour[20, 60] == pytest.approx((0, 0, 255), abs=8)
    assert still.colour[60, 60] == pytest.approx((0, 0, 0), abs=8)
    assert not still.damaged


def test_sixteen_bits_transparency_and_grey(tmp_path: Path) -> None:
    deep = read_image(written(tmp_path / "deep.png", half_red(np.uint16)))
    clear = np.dstack([half_red(), np.full((80, 120), 128, np.uint8)])
    seen_through = read_image(written(tmp_path / "clear.png", clear))
    grey = read_image(written(tmp_path / "grey.png", half_red()[..., 2]))
    for still in (deep, seen_through):
        assert still.colour.dtype == np.uint8
        assert still.colour[20, 60].tolist() == [0, 0, 255]
    assert grey.colour[20, 60].tolist() == [255, 255, 255]


@pytest.mark.parametrize(
    ("orientation", "shape", "red"), [(3, (80, 120), (60, 60)), (6, (120, 80), (60, 60))]
)
def test_exif_orientation(
    tmp_path: Path, orientation: int, shape: tuple[int, int], red: tuple[int, int]
) -> None:
    still = read_image(turned(written(tmp_path / "turned.jpg", half_red()), orientation))
    assert still.colour.shape[:2] == shape
    assert still.colour[red] == pytest.approx((0, 0, 255), abs=8)


def test_a_frame_is_grey_and_not_larger_than_needed() -> None:
    frame = still_frame(Still(np.full((1500, 3000, 3), (0, 0, 255), np.uint8), damaged=False), "big.jpg")
    assert (frame.source, frame.media_time, frame.number, frame.captured_at) == ("big.jpg", 0, 0, None)
    assert frame.grey.shape == (480, 960)
    assert int(frame.grey[0, 0]) == 76  # 0.299 of 255
    assert not frame.grey.flags.writeable


def test_a_written_image_can_be_read(tmp_path: Path) -> None:
    write_image(tmp_path / "again.png", half_red())
    assert (read_image(tmp_path / "again.png").colour == half_red()).all()


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "empty file"), (b"not an image at all\n", "not an image")]
)
def test_files_that_are_not_images(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "none.jpg"
    path.write_bytes(content)
    with pytest.raises(UnreadableError, match=f"none.jpg: {reason}"):
        read_image(path)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="no such file"):
        read_image(tmp_path / "missing.png")
    with pytest.raises(UnreadableError, match="is a folder"):
        read_image(tmp_path)


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_a_truncated_image(tmp_path: Path, suffix: str, capfd: pytest.CaptureFixture[str]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (80, 120, 3), np.uint8)
    path = written(tmp_path / f"cut.{suffix}", noise)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(UnreadableError, match="damaged or cut off"):
        read_image(path)
    assert capfd.readouterr().err == ""


def test_a_damaged_image_is_read_and_marked(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (80, 120, 3), np.uint8)
    path = written(tmp_path / "damaged.jpg", noise)
    data = bytearray(path.read_bytes())
    data[4000:4400] = bytes(400)
    path.write_bytes(data)
    still = read_image(path)
    assert still.colour.shape == (80, 120, 3)
    assert still.damaged
    assert capfd.readouterr().err == ""


def test_a_decompression_bomb(tmp_path: Path) -> None:
    path = written(tmp_path / "bomb.bmp", half_red())
    data = bytearray(path.read_bytes())
    data[18:26] = struct.pack("<ii", 100_000, 100_000)
    path.write_bytes(data)
    with pytest.raises(UnreadableError, match="a picture has 100000x100000 pixels"):
        read_image(path)


@pytest.mark.parametrize("turn", TURNS)
def test_a_turn_by_the_user_comes_after_the_orientation(tmp_path: Path, turn: Turn) -> None:
    path = turned(written(tmp_path / "turned.jpg", half_red()), 6)
    options = DisplayOptions(turn)
    expected = turn_of(options).apply(read_image(path).colour)
    assert (read_image(path, options).colour == expected).all()


def test_an_aspect_by_the_user_is_that_of_the_shown_picture(tmp_path: Path) -> None:
    path = written(tmp_path / "image.png", np.zeros((60, 80, 3), np.uint8))
    wide = read_image(path, DisplayOptions(aspect="16:9")).colour
    high = read_image(path, DisplayOptions("90", "9:16")).colour
    assert (wide.shape, high.shape) == ((60, 107, 3), (107, 60, 3))
