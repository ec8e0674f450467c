"""Pictures beyond the limit of pixels are never decoded, wherever they are in a file."""

from pathlib import Path

import numpy as np
import pytest

from ingest.files.opening import UnreadableError, open_video
from ingest.files.parts import VideoFile
from ingest.files.recording import Recording, open_recording
from ingest.files.rewrite import rewrite
from ingest.files.stills import read_image
from ingest.live.player import Player
from ingest.live.stream import LiveFrame, LiveStream, SourceLostError
from ingest.picture.options import DisplayOptions
from tests.clips import even, make_clip
from tests.pictures import FORMATS, write_animation, write_turned

LIMIT = DisplayOptions(max_pixels=100_000)
SMALL, LARGE = (320, 240), (640, 480)

CODECS = [
    ("clip.ts", "libx264", "yuv420p"),
    ("clip.ts", "libx265", "yuv420p"),
    ("clip.mjpeg", "mjpeg", "yuvj420p"),
]


def growing(folder: Path, name: str = "clip.ts", codec: str = "libx264", pixels: str = "yuv420p") -> Path:
    """Make a video with five small pictures, then large ones, then small ones again."""
    parts = [
        make_clip(folder / f"{number}-{name}", even(5), size=size, codec=codec, pixel_format=pixels)
        for number, size in enumerate((SMALL, LARGE, SMALL))
    ]
    whole = folder / name
    whole.write_bytes(b"".join(part.read_bytes() for part in parts))
    return whole


def opened(path: Path) -> Recording:
    return open_recording(path, path.name, None, options=LIMIT)


@pytest.mark.parametrize(("name", "codec", "pixels"), CODECS)
def test_pictures_that_grow_on_the_way_are_damage(tmp_path: Path, name: str, codec: str, pixels: str) -> None:
    with opened(growing(tmp_path, name, codec, pixels)) as recording:
        shapes = {frame.grey.shape for frame in recording}
    assert shapes == {(240, 320)}
    assert any("MIEN_PIXELS_LIMIT" in damage.reason for damage in recording.damage)
    assert recording.frames_decoded > 5  # the small ones behind them, too


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        *CODECS,
        ("clip.mp4", "libx264", "yuv420p"),
        ("clip.mkv", "libvpx-vp9", "yuv420p"),
        ("clip.avi", "mpeg4", "yuv420p"),
        ("clip.mkv", "libsvtav1", "yuv420p"),
        ("clip.mov", "rawvideo", "yuv420p"),
    ],
)
def test_a_video_of_large_pictures_is_refused(tmp_path: Path, name: str, codec: str, pixels: str) -> None:
    path = make_clip(tmp_path / name, even(5), size=LARGE, codec=codec, pixel_format=pixels)
    with pytest.raises(UnreadableError, match="MIEN_PIXELS_LIMIT"):
        opened(path)


@pytest.mark.parametrize("suffix", [".webp", ".png", ".gif", ".avif"])
def test_an_animation_of_large_pictures_is_refused(tmp_path: Path, suffix: str) -> None:
    greys = [np.full((480, 640, 3), 40 * number, np.uint8) for number in range(3)]
    path = write_animation(tmp_path / f"animation{suffix}", greys, [100] * 3)
    with pytest.raises(UnreadableError, match="640x480 pixels: MIEN_PIXELS_LIMIT"):
        opened(path)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_large_still_is_refused(tmp_path: Path, suffix: str) -> None:
    path = write_turned(tmp_path / f"still{suffix}", np.zeros((480, 640, 3), np.uint8), 1)
    with pytest.raises(UnreadableError, match="640x480 pixels: MIEN_PIXELS_LIMIT"):
        read_image(path, LIMIT)


def test_a_picture_that_is_shown_larger_than_it_is_coded_is_refused(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.ts", even(5))
    with pytest.raises(UnreadableError, match="480x240 pixels: MIEN_PIXELS_LIMIT"):
        open_recording(path, path.name, None, options=DisplayOptions(aspect="2:1", max_pixels=100_000))


def test_an_annotated_video_has_no_larger_pictures(tmp_path: Path) -> None:
    shapes = []
    rewrite(growing(tmp_path), tmp_path / "drawn", lambda image, _: shapes.append(image.shape), bool, LIMIT)
    assert set(shapes) == {(240, 320, 3)}


def test_a_live_source_ends_with_the_reason(tmp_path: Path) -> None:
    path = growing(tmp_path)
    for source in (LiveStream(*open_video(path), LIMIT), Player([VideoFile(path)], LIMIT)):
        frames: list[LiveFrame] = []
        with pytest.raises(SourceLostError, match="640x480 pixels: MIEN_PIXELS_LIMIT"):
            frames.extend(frame for read in source for frame in read)
        assert {frame.picture.image.width for frame in frames} == {320}


@pytest.mark.parametrize("codec", ["libx264", "mpeg4", "libvpx-vp9"])
def test_a_picture_of_just_the_limit_is_read(tmp_path: Path, codec: str) -> None:
    path = make_clip(tmp_path / "clip.mkv", even(3), size=(250, 1000), codec=codec)
    exact, less = (DisplayOptions(max_pixels=pixels) for pixels in (250_000, 249_999))
    with open_recording(path, path.name, None, options=exact) as recording:
        assert len(list(recording)) == 3
        assert not recording.damage
    with pytest.raises(UnreadableError, match="250x1000 pixels"):
        open_recording(path, path.name, None, options=less)
