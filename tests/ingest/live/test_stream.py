"""What a connection gives beside its pictures."""

from pathlib import Path

import av
import pytest

from ingest import live
from ingest.live.stream import LiveStream, SourceLostError
from tests.clips import even, make_clip, make_sound


@pytest.fixture
def mostly_sound(tmp_path: Path) -> Path:
    """Ten pictures, and sound that goes on for seconds after them."""
    pictures = make_clip(tmp_path / "pictures.mp4", even(10), size=(160, 120))
    sound = make_sound(tmp_path / "sound.mp4", 4.0)
    both = tmp_path / "both.ts"
    with av.open(str(pictures)) as first, av.open(str(sound)) as second, av.open(str(both), "w") as target:
        copies = [target.add_stream_from_template(source.streams[0]) for source in (first, second)]
        for source, copy in zip((first, second), copies, strict=True):
            for packet in source.demux():
                if packet.dts is not None:
                    packet.stream = copy
                    target.mux(packet)
    return both


def opened(path: Path) -> LiveStream:
    container = av.open(str(path))
    return LiveStream(container, container.streams.video[0])


def test_sound_without_pictures_is_a_sign_of_life(mostly_sound: Path) -> None:
    given: list[int] = []
    with pytest.raises(SourceLostError, match="the camera closed the stream"):
        given.extend(len(pictures) for pictures in opened(mostly_sound))
    assert len(given) > 100
    assert 0 < sum(given) <= 10


def test_sound_without_pictures_is_given_up_in_the_end(
    mostly_sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = iter(opened(mostly_sound))
    for _ in range(50):
        next(given)
    monkeypatch.setattr(live, "NO_PICTURE", 0.0)
    with pytest.raises(SourceLostError, match="no picture could be decoded for 0 s"):
        next(given)
