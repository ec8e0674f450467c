"""A resumed reading gives the same frames as an uninterrupted one."""

import logging
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from ingest.files.damage import Damage
from ingest.files.recording import ReadFrame, open_recording
from ingest.files.resume import ResumePoint, decode_resume_point, resume_point
from ingest.frame import Frame
from tests.clips import even, make_clip, numbered_image, zero_third

SIZE = (160, 120)
LENGTH = 150  # frames: 6 s
LAST = 8  # frames whose checksums a resume point has

OPEN_GOP = {"x264-params": "open-gop=1:keyint=50:min-keyint=50:bframes=3:b-pyramid=2:scenecut=0"}


@dataclass(frozen=True, slots=True)
class Encoding:
    """The encoding of a clip."""

    name: str
    codec: str
    options: dict[str, str]
    times: Callable[[int], list[int]] = even
    seeks: bool = True  # a seek in the file can be trusted
    damage: Callable[[Path], object] | None = None
    pixel_format: str = "yuv420p"


def uneven(frames: int) -> list[int]:
    """Variable frame rate: a pause of a second every fifty frames, else 20 to 60 ms."""
    return [40 * number + 1000 * (number // 50) + 20 * (number % 2) for number in range(frames)]


def two_holes(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for start in (0.3, 0.6):
        first = round(start * len(data))
        data[first : first + len(data) // 40] = bytes(len(data) // 40)
    path.write_bytes(data)


ENCODINGS = [
    Encoding("closed.mp4", "libx264", {"x264-params": "keyint=50:bframes=3:scenecut=0"}),
    Encoding("open.mp4", "libx264", OPEN_GOP),
    Encoding("open.mkv", "libx264", OPEN_GOP),
    Encoding("refresh.mp4", "libx264", {"x264-params": "intra-refresh=1:keyint=50:bframes=0"}),
    Encoding("one_key_frame.mp4", "libx264", {"x264-params": "keyint=infinite:scenecut=0"}),
    Encoding("variable.mp4", "libx264", {"x264-params": "keyint=50:bframes=3"}, times=uneven),
    Encoding("hevc.mp4", "libx265", {"x265-params": "log-level=error:keyint=50:open-gop=1:bframes=3"}),
    Encoding("vp9.webm", "libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "g": "50"}),
    Encoding("mpeg2.ts", "mpeg2video", {"g": "12", "bf": "2", "flags": "-cgop"}),
    Encoding("h264.ts", "libx264", OPEN_GOP),
    Encoding("motion.avi", "mjpeg", {}, pixel_format="yuvj420p"),
    Encoding("mpeg4.avi", "mpeg4", {"g": "50", "bf": "2"}),
    Encoding("raw.h264", "libx264", {"x264-params": "keyint=50:bframes=3"}, seeks=False),
    Encoding("damaged.mp4", "libx264", {"x264-params": "keyint=50:bframes=3"}, damage=two_holes),
    Encoding("damaged.ts", "mpeg2video", {"g": "12", "bf": "2"}, damage=two_holes),
    Encoding("damaged.mkv", "libx264", OPEN_GOP, damage=zero_third),
]


@pytest.fixture(scope="module", params=ENCODINGS, ids=lambda encoding: encoding.name)
def encoded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Encoding, Path]:
    encoding: Encoding = request.param
    path = tmp_path_factory.mktemp("clips") / encoding.name
    with av.open(str(path), "w") as container:
        preset = {"preset": "veryfast"} if encoding.codec.startswith("libx26") else {}
        stream: Any = container.add_stream(encoding.codec, rate=25, options={**preset, **encoding.options})
        stream.width, stream.height = SIZE
        stream.pix_fmt = encoding.pixel_format
        fine = encoding.times is uneven
        stream.codec_context.time_base = Fraction(1, 1000) if fine else Fraction(1, 25)
        for number, time in enumerate(encoding.times(LENGTH)):
            frame = av.VideoFrame.from_ndarray(numbered_image(number, SIZE), format="gray").reformat(
                format=encoding.pixel_format
            )
            frame.pts, frame.time_base = (time, Fraction(1, 1000)) if fine else (number, Fraction(1, 25))
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    if encoding.damage is not None:
        encoding.damage(path)
    return encoding, path


@dataclass(frozen=True, slots=True)
class Read:
    """The results of a reading from some point to the end."""

    frames: list[tuple[int, int | None, int, bool, int]]  # number, picture, time, damaged, checksum
    decoded: int
    damage: list[Damage]
    duration: int
    size: tuple[int, int]
    broken_off: bool


def read(path: Path, rate: float | None, after: ResumePoint | None = None) -> tuple[Read, list[ReadFrame]]:
    with open_recording(path, "clip", rate, after) as recording:
        frames_read = list(recording.read())
        return (
            Read(
                [
                    (
                        frame.number,
                        frame.picture,
                        frame.media_time,
                        frame.damaged,
                        zlib.crc32(frame.grey.data),
                    )
                    for frame in (each.frame for each in frames_read)
                ],
                recording.frames_decoded,
                recording.damage,
                recording.duration,
                (recording.width, recording.height),
                recording.broken_off,
            ),
            frames_read,
        )


@pytest.mark.parametrize("rate", [10, None])
def test_the_frames_after_a_resume_point_are_the_same(
    encoded: tuple[Encoding, Path], rate: float | None, caplog: pytest.LogCaptureFixture
) -> None:
    encoding, path = encoded
    whole, frames_read = read(path, rate)
    assert len(frames_read) > 40
    if encoding.damage is None:
        assert_pictures_are_counted([each.frame for each in frames_read], encoding)
    for share in (0.1, 0.7, 1.0):
        last = max(LAST, round(share * len(frames_read))) - 1
        frames = [each.frame for each in frames_read[last - LAST + 1 : last + 1]]
        resume = resume_point(frames_read[last].state, frames)
        with caplog.at_level(logging.INFO):
            rest, _ = read(path, rate, decode_resume_point(resume.to_json()))
        assert rest.frames == whole.frames[last + 1 :], f"after frame {last}"
        assert rest.decoded == whole.decoded
        assert rest.damage == whole.damage
        assert (rest.duration, rest.size, rest.broken_off) == (whole.duration, whole.size, whole.broken_off)
    if encoding.seeks:
        assert {record.getMessage() for record in caplog.records} == {f"{path.name}: the start is as near"}


def assert_pictures_are_counted(frames: list[Frame], encoding: Encoding) -> None:
    """Each frame has the number of the picture that was encoded at its time."""
    times = [encoding.times(LENGTH)[frame.picture or 0] for frame in frames]
    begin = frames[0].media_time // 1_000_000
    assert [frame.media_time / 1e6 - begin for frame in frames] == pytest.approx(times, abs=1)


def test_a_seek_to_different_frames_is_not_trusted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = make_clip(tmp_path / "clip.mp4", even(LENGTH), size=SIZE)
    whole, frames_read = read(path, 10)
    resume = resume_point(frames_read[50].state, [each.frame for each in frames_read[43:51]])
    time = frames_read[48].frame.media_time
    changed = replace(resume, checksums={**resume.checksums, time: resume.checksums[time] ^ 1})
    with caplog.at_level(logging.INFO):
        rest, _ = read(path, 10, changed)
    assert rest.frames == whole.frames[51:]
    assert f"clip.mp4: a different frame at {time} ns" in caplog.messages


def test_a_seek_with_a_missing_frame_is_not_trusted(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4", even(LENGTH), size=SIZE)
    whole, frames_read = read(path, 10)
    resume = resume_point(frames_read[50].state, [each.frame for each in frames_read[43:51]])
    changed = replace(resume, checksums={**resume.checksums, frames_read[48].frame.media_time + 1: 0})
    rest, _ = read(path, 10, changed)
    assert rest.frames == whole.frames[51:]
