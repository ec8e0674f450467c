"""A connection that sends sound, and few frames or none."""

from pathlib import Path

import av
import pytest

from ingest.live.stream import DECODE_TIMEOUT, LiveStream, SourceLostError
from tests.clips import even, make_clip, make_sound


@pytest.fixture
def mostly_sound(tmp_path: Path) -> Path:
    """A file with ten frames, and sound that lasts for seconds after them."""
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


def opened(path: Path, *, decode_timeout: float = DECODE_TIMEOUT) -> LiveStream:
    container = av.open(str(path))
    return LiveStream(container, container.streams.video[0], decode_timeout=decode_timeout)


def test_sound_without_frames_keeps_the_connection(mostly_sound: Path) -> None:
    counts: list[int] = []
    with pytest.raises(SourceLostError, match="the camera closed the stream"):
        counts.extend(len(frames) for frames in opened(mostly_sound))
    assert len(counts) > 100
    assert 0 < sum(counts) <= 10


def test_sound_without_frames_ends_at_the_decode_timeout(mostly_sound: Path) -> None:
    with pytest.raises(SourceLostError, match="no frame could be decoded for 0 s"):
        list(opened(mostly_sound, decode_timeout=0.0))
