"""A rewritten video has the same frames at the same times, the same sound and the same colours."""

import resource
import struct
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from ingest.files.recording import open_recording
from ingest.files.rewrite import rewrite
from ingest.picture.colour import Colour
from tests.clips import cut, even, make_clip, zero_third
from tests.films import make_film


def never() -> bool:
    return False


def nothing(image: Colour, media_time: int) -> None:
    """Draws nothing."""


def images_of(path: Path) -> list[tuple[int, np.ndarray]]:
    """Media time and grey of every frame."""
    with open_recording(path, "clip", None) as recording:
        return [(frame.media_time, frame.grey) for frame in recording]


def duration(path: Path) -> float:
    with open_recording(path, "clip", None) as recording:
        for _ in recording:
            continue
        return recording.duration / 1e9


def with_sound(path: Path, codec: str = "aac") -> Path:
    """Two seconds of video and a tone."""
    silent = make_clip(path.with_name(f"silent-{path.name}"), even(50))
    with av.open(str(silent)) as source, av.open(str(path), "w") as target:
        video = target.add_stream_from_template(source.streams.video[0])
        sound = target.add_stream(codec, rate=48000, layout="mono")
        assert isinstance(sound, av.AudioStream)
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = video
                target.mux(packet)
        size = sound.codec_context.frame_size or 1024
        for start in range(0, 96000, size):
            wave = np.sin(np.arange(start, start + size) / 20)[None]
            data = wave.astype(np.float32) if codec != "pcm_s16le" else (9000 * wave).astype(np.int16)
            form = "fltp" if codec != "pcm_s16le" else "s16"
            frame = av.AudioFrame.from_ndarray(data, format=form, layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
            target.mux(sound.encode(frame))
        target.mux(sound.encode(None))
    return path


def sound_of(path: Path) -> list[tuple[float, bytes]]:
    """Time and bytes of every packet of sound."""
    with av.open(str(path)) as container:
        return [
            (round(float(packet.pts * packet.time_base), 4), bytes(packet))
            for packet in container.demux(audio=0)
            if packet.pts is not None
        ]


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_frame_times_are_the_originals(tmp_path: Path, suffix: str) -> None:
    times = [0, 40, 80, 300, 310, 1000, 1040, 1900]
    clip = make_clip(tmp_path / f"variable.{suffix}", times)
    written = rewrite(clip, tmp_path / "annotated", nothing, never)
    assert written == tmp_path / "annotated.mp4"
    before, after = images_of(clip), images_of(written)
    assert [time for time, _ in after] == [time for time, _ in before]
    assert duration(written) == pytest.approx(duration(clip), abs=0.001)
    for (_, old), (_, new) in zip(before, after, strict=True):
        assert abs(float(old[:100].mean()) - float(new[:100].mean())) < 1


def test_what_is_drawn_is_seen_at_its_time(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", even(20))

    def draw(image: Colour, media_time: int) -> None:
        if media_time >= 400_000_000:
            image[:50, :50] = 255

    written = rewrite(clip, tmp_path / "annotated", draw, never)
    marked = [grey[10:40, 10:40].mean() > 240 for _, grey in images_of(written)]
    assert marked == [False] * 10 + [True] * 10


def test_colours_stay(tmp_path: Path) -> None:
    path = tmp_path / "red.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        red = np.full((240, 320, 3), (200, 30, 60), np.uint8)
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(red, format="rgb24")))
        container.mux(stream.encode(None))
    written = rewrite(path, tmp_path / "annotated", nothing, never)
    with av.open(str(written)) as container:
        colour = next(container.decode(video=0)).to_ndarray(format="rgb24").mean(axis=(0, 1))
    assert colour == pytest.approx((200, 30, 60), abs=4)


def test_sound_is_copied(tmp_path: Path) -> None:
    clip = with_sound(tmp_path / "clip.mp4")
    written = rewrite(clip, tmp_path / "annotated", nothing, never)
    assert sound_of(written) == sound_of(clip)
    assert len(sound_of(written)) > 90


def test_uncompressed_sound_is_carried_too(tmp_path: Path) -> None:
    clip = with_sound(tmp_path / "clip.mkv", "pcm_s16le")
    written = rewrite(clip, tmp_path / "annotated", nothing, never)
    assert b"".join(data for _, data in sound_of(written)) == b"".join(data for _, data in sound_of(clip))


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "flv", "ts"])
def test_sound_stays_with_the_picture_behind_a_seam(tmp_path: Path, suffix: str) -> None:
    film = make_film(tmp_path / f"film.{suffix}", even(25), sound=0.5)
    film.write_bytes(3 * film.read_bytes())
    written = rewrite(film, tmp_path / "annotated", nothing, never)
    times = [time for time, _ in sound_of(written)]
    assert [time for time, _ in images_of(written)] == [time for time, _ in images_of(film)]
    begins = [later for time, later in pairwise(times) if later - time > 0.3]
    assert begins == pytest.approx([times[0] + 1.0, times[0] + 2.0], abs=0.08)
    assert len(times) == 3 * len(sound_of(make_film(tmp_path / f"one.{suffix}", even(25), sound=0.5)))


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_a_late_picture_stays_late_beside_its_sound(tmp_path: Path, suffix: str) -> None:
    film = make_film(tmp_path / f"film.{suffix}", [2000 + time for time in even(10)], sound=3.0)
    written = rewrite(film, tmp_path / "annotated", nothing, never)
    assert [time for time, _ in images_of(written)] == [time for time, _ in images_of(film)]
    assert len(sound_of(written)) == len(sound_of(film))


@pytest.mark.parametrize("size", [(175, 143), (180, 320)])
def test_odd_and_upright_sizes(tmp_path: Path, size: tuple[int, int]) -> None:
    clip = make_clip(tmp_path / "clip.mp4", even(3), size=size, pixel_format="yuv444p")
    written = rewrite(clip, tmp_path / "annotated", nothing, never)
    with open_recording(written, "clip", None) as recording:
        assert (recording.width, recording.height) == (size[0] + size[0] % 2, size[1] + size[1] % 2)


def turned(path: Path) -> Path:
    """Set the rotation of an MP4 in the matrix of its track header, as telephones do."""
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 44
    data[matrix : matrix + 20] = struct.pack(">5i", 0, 1 << 16, 0, -1 << 16, 0)
    path.write_bytes(data)
    return path


def test_a_rotated_video_is_written_upright(tmp_path: Path) -> None:
    clip = turned(make_clip(tmp_path / "turned.mp4", even(5)))
    shapes: list[tuple[int, ...]] = []
    written = rewrite(clip, tmp_path / "annotated", lambda drawn, _: shapes.append(drawn.shape), never)
    assert shapes == [(320, 240, 3)] * 5
    for (_, old), (_, new) in zip(images_of(clip), images_of(written), strict=True):
        assert old.shape == new.shape == (320, 240)
        assert float(np.abs(old[:, 130:].astype(int) - new[:, 130:]).mean()) < 2


def test_damaged_frames_are_left_out(tmp_path: Path) -> None:
    for number, clip in enumerate(
        (
            zero_third(make_clip(tmp_path / "zeroed.mkv", even(100))),
            cut(make_clip(tmp_path / "cut.mp4", even(99)), 0.6),
        )
    ):
        written = rewrite(clip, tmp_path / f"annotated-{number}", nothing, never)
        assert [time for time, _ in images_of(written)] == [time for time, _ in images_of(clip)]


def test_stopping_leaves_a_playable_file(tmp_path: Path) -> None:
    drawn: list[int] = []
    clip = make_clip(tmp_path / "clip.mp4", even(50))
    written = rewrite(
        clip, tmp_path / "annotated", lambda _, time: drawn.append(time), lambda: len(drawn) == 20
    )
    assert [time for time, _ in images_of(written)] == drawn
    assert len(drawn) == 20


def test_a_full_disk_is_an_os_error(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", even(100))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            rewrite(clip, tmp_path / "annotated", nothing, never)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
