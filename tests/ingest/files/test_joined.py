"""Recordings joined end to end: every part is read, and what cannot be read is counted."""

from itertools import pairwise
from pathlib import Path

import pytest

from ingest.files.layout.joined import part_starts
from ingest.files.recording import Recording, open_recording
from ingest.files.resume import resume_point
from ingest.frame import Frame
from ingest.pace import SECOND
from tests.clips import brightness, even, make_clip
from tests.films import KINDS, make_film

FLV_HEADER = 13  # bytes, with the size of no tag before
NULL_PACKET = b"\x47\x1f\xff\x10" + bytes(184)
BARE = {"h264": "libx264", "mjpeg": "mjpeg"}  # streams without a container


def joined(folder: Path, suffix: str, lengths: tuple[int, ...], *starts: int, sound: float = 0.0) -> Path:
    """Join films of `lengths` pictures, whose clocks start at 0 or at `starts` (ms)."""
    path = folder / f"joined.{suffix}"
    path.write_bytes(b"".join(parts(folder, suffix, lengths, *starts, sound=sound)))
    return path


def parts(
    folder: Path, suffix: str, lengths: tuple[int, ...], *starts: int, sound: float = 0.0
) -> list[bytes]:
    made: list[bytes] = []
    for length, start in zip(lengths, starts or [0] * len(lengths), strict=True):
        times = [start + each for each in even(length)]
        path = folder / f"part{len(made)}.{suffix}"
        if suffix in BARE:
            make_clip(path, times, size=(64, 48), codec=BARE[suffix], pixel_format="yuvj420p")
        else:
            make_film(path, times, sound=sound)
        made.append(path.read_bytes())
    return made


def read(path: Path) -> tuple[Recording, list[Frame]]:
    with open_recording(path, "clip", None) as recording:
        return recording, list(recording)


@pytest.mark.parametrize("suffix", [*KINDS, *BARE, "headless.flv"])
def test_each_part_goes_on_where_the_one_before_ended(tmp_path: Path, suffix: str) -> None:
    lengths = (20, 15, 10)
    if suffix == "headless.flv":  # as joined by tools that know the format
        first, *others = parts(tmp_path, "flv", lengths)
        path = tmp_path / "joined.flv"
        path.write_bytes(first + b"".join(part[FLV_HEADER:] for part in others))
    else:
        path = joined(tmp_path, suffix, lengths)
    recording, frames = read(path)
    assert len(frames) == recording.frames_decoded == sum(lengths)
    shown = [float(frame.grey[:20].mean()) for frame in frames]
    assert shown == pytest.approx([brightness(n) for length in lengths for n in range(length)], abs=6)
    steps = [later.media_time - frame.media_time for frame, later in pairwise(frames)]
    usual = [step for step in steps if step > SECOND // 250]  # VP8 in OGG gives the first picture 1 ms
    assert usual == pytest.approx([SECOND // 25] * len(usual), abs=1_500_000)
    assert len(steps) - len(usual) == (3 if suffix == "ogv" else 0)
    assert recording.duration == recording.pictures_end
    assert recording.duration - frames[-1].media_time == pytest.approx(SECOND // 25, abs=4e7)
    seams = " ".join(damage.reason for damage in recording.damage).count("the clock starts again")
    assert seams >= (0 if suffix in BARE else 1)


@pytest.mark.parametrize("suffix", ["mp4", "flv", "ogv"])
def test_parts_with_sound_are_read(tmp_path: Path, suffix: str) -> None:
    recording, frames = read(joined(tmp_path, suffix, (20, 15), sound=1.0))
    assert len(frames) == 35
    assert recording.damage[-1].ended < recording.duration


def test_transport_streams_of_two_recorders_are_read(tmp_path: Path) -> None:
    """The second one numbers its streams in another way, so FFmpeg adds them to those of the first."""
    first, second = parts(tmp_path, "ts", (20, 15), sound=1.0)
    path = tmp_path / "joined.ts"
    path.write_bytes(first + renumbered(second))
    recording, frames = read(path)
    assert len(frames) == 35
    assert recording.pictures_end == pytest.approx(35 * SECOND // 25, abs=4e7)


def renumbered(stream: bytes) -> bytes:
    """Use other PIDs for the streams of an MPEG-TS: 0x150 instead of 0x100."""
    packets = [bytearray(stream[start : start + 188]) for start in range(0, len(stream), 188)]
    for packet in packets:
        if packet[1] & 0x1F == 1:
            packet[2] += 0x50
        elif packet[1] & 0x1F == 0x10:
            renumber_map(packet)
    return b"".join(packets)


def renumber_map(packet: bytearray) -> None:
    """Change the PIDs in a program map table, and its checksum (ISO/IEC 13818-1, 2.4.4.8 and annex A)."""
    start = 5  # behind the pointer
    end = start + 3 + (packet[start + 1] & 0x0F) * 256 + packet[start + 2] - 4
    packet[start + 9] += 0x50  # PCR_PID
    position = start + 12
    while position < end:
        packet[position + 2] += 0x50
        position += 5 + (packet[position + 3] & 0x0F) * 256 + packet[position + 4]
    checksum = 0xFFFFFFFF
    for byte in packet[start:end]:
        checksum ^= byte << 24
        for _ in range(8):
            checksum = (checksum << 1 ^ (0x04C11DB7 if checksum >> 31 else 0)) & 0xFFFFFFFF
    packet[end : end + 4] = checksum.to_bytes(4, "big")


def test_a_part_that_cannot_be_read_is_counted(tmp_path: Path) -> None:
    first, second = parts(tmp_path, "mp4", (20, 200))
    path = tmp_path / "joined.mp4"
    path.write_bytes(first + second[:20_000] + first)
    recording, frames = read(path)
    assert len(frames) == 20
    size = 20_000 + len(first)
    assert recording.damage[0].reason == f"{size} bytes left out: cut off before its index"


def test_a_first_part_that_was_cut_off_is_damage(tmp_path: Path) -> None:
    first, second = parts(tmp_path, "live.webm", (100, 20))
    path = tmp_path / "joined.webm"
    path.write_bytes(first + second)
    assert part_starts(path) == [0, len(first)]
    first, second = parts(tmp_path, "flv", (100, 20))
    path = tmp_path / "joined.flv"
    path.write_bytes(first[: len(first) // 2] + second)
    recording, frames = read(path)
    assert len(frames) > 60
    assert "ends at" in recording.damage[0].reason


@pytest.mark.parametrize("tail", [b"TAG" + bytes(125), bytes(2_000_000), b"\xff" * 50_000, NULL_PACKET * 200])
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "flv", "ts", "vob"])
def test_padding_and_tags_behind_a_recording_are_no_damage(tmp_path: Path, suffix: str, tail: bytes) -> None:
    film = make_film(tmp_path / f"film.{suffix}", even(25), sound=1.0)
    film.write_bytes(film.read_bytes() + tail)
    recording, frames = read(film)
    assert len(frames) == 25
    assert recording.damage == []


def test_what_follows_a_stream_and_is_no_video_is_counted(tmp_path: Path) -> None:
    film = make_film(tmp_path / "film.ts", even(25))
    film.write_bytes(film.read_bytes() + b"log of a recorder\n" * 3000)
    recording, _ = read(film)
    assert "bytes left out" in recording.damage[0].reason


@pytest.mark.parametrize("suffix", ["ts", "vob", "live.webm"])
@pytest.mark.parametrize("starts", [(0, 40_000_000), (40_000_000, 0)])
def test_a_clock_that_jumps_by_hours_adds_no_time(
    tmp_path: Path, suffix: str, starts: tuple[int, int]
) -> None:
    recording, frames = read(joined(tmp_path, suffix, (20, 20), *starts))
    assert len(frames) == 40
    assert recording.duration == pytest.approx(40 * SECOND // 25, abs=2e6)
    assert "the clock " in recording.damage[0].reason


@pytest.mark.parametrize("suffix", ["ts", "vob", "flv"])
def test_reading_resumes_in_either_of_two_equal_parts(tmp_path: Path, suffix: str) -> None:
    path = joined(tmp_path, suffix, (100, 100))
    with open_recording(path, "clip", None) as recording:
        whole = list(recording.read())
    for last in (60, 90, 120, 190):
        point = resume_point(whole[last].state, [each.frame for each in whole[last - 7 : last + 1]])
        with open_recording(path, "clip", None, point) as recording:
            rest = [(frame.number, frame.media_time) for frame in recording]
        assert rest == [(each.frame.number, each.frame.media_time) for each in whole[last + 1 :]]
