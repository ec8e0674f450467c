"""Damage must be found whatever threads decode: pictures that FFmpeg conceals are flagged late."""

from pathlib import Path

import av
import pytest

from ingest.decoder_threads import use_threads
from ingest.files.damage import Damage
from ingest.files.recording import open_recording
from ingest.live.stream import LiveFrame, LiveStream, SourceLostError
from tests.clips import even
from tests.films import make_film

READS = 40


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    """A film whose last picture is damaged; another one, of a later packet, takes it along."""
    film = make_film(tmp_path / "film.ts", even(25))
    film.write_bytes(film.read_bytes()[:-2000])
    return film


def damage_of(path: Path) -> tuple[Damage, ...]:
    with open_recording(path, "clip", None) as recording:
        list(recording)
        return tuple(recording.damage)


def test_each_reading_of_a_file_finds_the_same_damage(cut: Path) -> None:
    found = {damage_of(cut) for _ in range(READS)}
    assert [damage.reason for [damage] in found] == ["damaged picture"]


def test_a_damaged_picture_of_a_camera_is_left_out(cut: Path) -> None:
    container = av.open(str(cut))
    frames: list[LiveFrame] = []
    camera = (frame for some in LiveStream(container, container.streams.video[0]) for frame in some)
    with pytest.raises(SourceLostError):
        frames.extend(camera)
    assert len(frames) == 24


@pytest.mark.parametrize(
    ("name", "threads"), [("film.avi", "NONE"), ("film.ts", "NONE"), ("film.webm", "AUTO")]
)
def test_other_codecs_keep_their_threads(tmp_path: Path, name: str, threads: str) -> None:
    """MPEG-4 in AVI hides damage too, but rarely."""
    with av.open(str(make_film(tmp_path / name, even(3)))) as container:
        [stream] = container.streams.video
        use_threads(stream, "FRAME")
        assert stream.thread_type.name == threads
