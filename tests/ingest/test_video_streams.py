"""Of several video streams, the one that players show is read."""

from pathlib import Path
from typing import Any

import av
import pytest
from av.stream import Disposition

from ingest.files.opening import UnreadableError
from ingest.files.recording import open_recording
from ingest.picture.options import DisplayOptions
from ingest.video_streams import chosen_stream, other_streams
from tests.clips import numbered_image

DEFAULT, COVER = Disposition.default, Disposition.attached_pic
NONE = Disposition(0)


def make(path: Path, *streams: tuple[tuple[int, int], Disposition]) -> Path:
    """Make a file with video streams of these sizes and dispositions."""
    with av.open(str(path), "w") as output:
        added: list[Any] = []
        for (width, height), disposition in streams:
            stream: Any = output.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.disposition = disposition
            added.append(stream)
        for number in range(5):
            for stream in added:
                picture = numbered_image(number, (stream.width, stream.height))
                output.mux(
                    stream.encode(
                        av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
                    )
                )
        for stream in added:
            output.mux(stream.encode(None))
    return path


def chosen(path: Path, number: int | None = None) -> tuple[int, list[int]]:
    """Return the number of the stream that is read, and those of the others."""
    with open_recording(path, "clip", None, options=DisplayOptions(stream=number)) as recording:
        return recording.stream, [each.number for each in recording.other_streams]


SMALL, LARGE = (160, 120), (320, 240)


@pytest.mark.parametrize(
    ("streams", "right"),
    [
        ([(SMALL, NONE), (SMALL, DEFAULT)], (1, [0])),
        ([(SMALL, DEFAULT), (LARGE, NONE)], (0, [1])),
        ([(SMALL, DEFAULT), (LARGE, DEFAULT)], (1, [0])),
        ([(SMALL, NONE), (SMALL, NONE)], (0, [1])),
    ],
)
def test_the_default_stream_is_read_and_of_several_the_largest(
    tmp_path: Path, streams: list[tuple[tuple[int, int], Disposition]], right: tuple[int, list[int]]
) -> None:
    assert chosen(make(tmp_path / "film.mkv", *streams)) == right


def test_a_stream_is_chosen_by_its_number(tmp_path: Path) -> None:
    path = make(tmp_path / "film.mkv", (SMALL, NONE), (SMALL, DEFAULT))
    assert chosen(path, 0) == (0, [1])
    with pytest.raises(UnreadableError, match="has no video stream 2; its video streams are: 0, 1"):
        chosen(path, 2)


@pytest.mark.parametrize("kind", [COVER, Disposition.timed_thumbnails, Disposition.dependent])
def test_a_picture_beside_the_film_is_never_the_film(tmp_path: Path, kind: Disposition) -> None:
    container = av.open(str(make(tmp_path / "film.mkv", (LARGE, NONE), (SMALL, NONE))))
    with container:
        container.streams.video[0].disposition = kind
        assert chosen_stream(container).index == 1
        assert other_streams(container, container.streams.video[1]) == []
