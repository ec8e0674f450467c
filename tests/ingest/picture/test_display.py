"""The shape of pictures, from real streams that the tests encode."""

import itertools
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext

from ingest.files.recording import open_recording
from ingest.frame import Frame
from ingest.picture.display import Shape, square_size
from ingest.picture.options import TURNS, BadOptionError, DisplayOptions, Turn, parse_aspect
from ingest.picture.orientation import Orientation

SIZE = (64, 48)
PADDING = {"muxrate": "2000000"}  # bit/s: a transport stream of a few packets is not recognised


def corner_picture(width: int, height: int) -> np.ndarray:
    """Return a black image whose upper left quarter is white, and whose upper right one is grey."""
    pixels = np.full((height, width), 16, dtype=np.uint8)
    pixels[: height // 2, : width // 2], pixels[: height // 2, width // 2 :] = 235, 126
    return pixels


def quarters(grey: np.ndarray) -> str:
    """Return the brightness of the quarters of a row after the other: 0 black, 1 grey, 2 white."""
    height, width = grey.shape
    places = itertools.product((height // 4, height * 3 // 4), (width // 4, width * 3 // 4))
    return "".join(str(round(int(grey[place]) / 127)) for place in places)


def encoded(
    path: Path,
    *,
    ratio: Fraction | None = None,
    matrix: list[int] | None = None,
) -> Path:
    """Write two images."""
    with av.open(str(path), "w", options=PADDING if path.suffix == ".ts" else {}) as container:
        stream = container.add_stream("libx264", rate=25, options={"bf": "0"})
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        if ratio is not None:
            stream.codec_context.sample_aspect_ratio = ratio
        if matrix is not None:
            stream.set_display_matrix(matrix)
        for number in range(2):
            image = av.VideoFrame.from_ndarray(corner_picture(*SIZE), format="gray").reformat(
                format="yuv420p"
            )
            image.pts, image.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(image))
        container.mux(stream.encode(None))
    return path


def rewritten(source: Path, target: Path, bits: str) -> Path:
    """Copy a stream through a bit stream filter: the container goes on saying what it said."""
    with (
        av.open(str(source)) as before,
        av.open(str(target), "w", options=PADDING if target.suffix == ".ts" else {}) as after,
    ):
        video = before.streams.video[0]
        stream = after.add_stream_from_template(video)
        filtering = BitStreamFilterContext(bits, video, stream)
        for packet in before.demux(video):
            for each in filtering.filter(packet if packet.dts is not None else None):
                each.stream = stream
                after.mux(each)
    return target


def joined(path: Path, *parts: Path) -> Path:
    """Join transport streams; the clock goes on, as in a recorder's stream that changes on the way."""
    with av.open(str(path), "w", options=PADDING) as output:
        stream, offset = None, 0
        for part in parts:
            with av.open(str(part)) as container:
                video = container.streams.video[0]
                stream = stream or output.add_stream_from_template(video)
                for packet in container.demux(video):
                    if packet.dts is not None and packet.pts is not None:
                        packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                        packet.stream = stream
                        output.mux(packet)
            offset += 90_000 * 2 // 25
    return path


def frames_of(path: Path, options: DisplayOptions | None = None) -> list[Frame]:
    with open_recording(path, "clip", None, options=options or DisplayOptions()) as recording:
        return list(recording)


def shapes(path: Path) -> list[tuple[int, int]]:
    return [frame.grey.shape[::-1] for frame in frames_of(path)]


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "avi", "h264"])
def test_pixels_become_square_in_each_container(tmp_path: Path, suffix: str) -> None:
    assert shapes(encoded(tmp_path / f"clip.{suffix}", ratio=Fraction(4, 3))) == [(85, 48)] * 2


def test_the_ratio_may_be_in_the_codec_only(tmp_path: Path) -> None:
    clip = encoded(tmp_path / "square.mp4")
    clip = rewritten(clip, tmp_path / "clip.mp4", "h264_metadata=sample_aspect_ratio=2/1")
    assert shapes(clip) == [(128, 48)] * 2


def test_the_ratio_of_the_container_goes_before_that_of_the_codec(tmp_path: Path) -> None:
    clip = encoded(tmp_path / "wide.mkv", ratio=Fraction(2))
    with av.open(str(clip)) as container:
        assert container.streams.video[0].sample_aspect_ratio == 2
    clip = rewritten(clip, tmp_path / "clip.mp4", "h264_metadata=sample_aspect_ratio=1/1")
    assert shapes(clip) == [(128, 48)] * 2


def test_the_ratio_may_change_on_the_way(tmp_path: Path) -> None:
    parts = [encoded(tmp_path / f"{n}.ts", ratio=Fraction(n)) for n in (1, 2)]
    frames = frames_of(joined(tmp_path / "clip.ts", *parts))
    assert [frame.grey.shape[::-1] for frame in frames] == [(64, 48)] * 2 + [(128, 48)] * 2
    assert [frame.view for frame in frames] == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("size", "ratio", "square"),
    [
        ((704, 480), Fraction(40, 33), (853, 480)),
        ((720, 576), Fraction(64, 45), (1024, 576)),
        ((720, 480), Fraction(10, 11), (720, 528)),
        ((1440, 1080), Fraction(4, 3), (1920, 1080)),
        ((853, 480), Fraction(1279, 1280), (853, 480)),
        ((640, 480), Fraction(1, 255), (640, 480)),
    ],
)
def test_no_side_shrinks(size: tuple[int, int], ratio: Fraction, square: tuple[int, int]) -> None:
    assert square_size(*size, ratio) == square


SHOWN = {  # the quarters by the axes a, b, c, d of the display matrix
    (1, 0, 0, 1): "2100",
    (-1, 0, 0, 1): "1200",
    (1, 0, 0, -1): "0021",
    (-1, 0, 0, -1): "0012",
    (0, 1, 1, 0): "2010",
    (0, 1, -1, 0): "0201",
    (0, -1, 1, 0): "1020",
    (0, -1, -1, 0): "0102",
}


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize(("axes", "shown"), SHOWN.items())
def test_the_display_matrix_is_followed(
    tmp_path: Path, axes: tuple[int, ...], shown: str, suffix: str
) -> None:
    a, b, c, d = (65536 * each for each in axes)
    clip = encoded(tmp_path / f"clip.{suffix}", matrix=[a, b, 0, c, d, 0, 0, 0, 1 << 30])
    assert [quarters(frame.grey) for frame in frames_of(clip)] == [shown] * 2


@pytest.mark.parametrize(
    ("message", "shown"), [("rotate=90", "1020"), ("flip=horizontal", "1200"), ("flip=vertical", "0021")]
)
def test_an_orientation_in_the_stream_holds_until_the_next(tmp_path: Path, message: str, shown: str) -> None:
    """The filter puts the message into key frames only: here the first of two images."""
    plain = encoded(tmp_path / "plain.ts")
    turned = rewritten(plain, tmp_path / "turned.ts", f"h264_metadata=display_orientation=insert:{message}")
    assert [quarters(frame.grey) for frame in frames_of(turned)] == [shown] * 2


TURNED = {
    "0": "2100",
    "90": "0201",
    "180": "0012",
    "270": "1020",
    "mirrored": "1200",
    "mirrored-90": "0102",
    "mirrored-180": "0021",
    "mirrored-270": "2010",
}


@pytest.mark.parametrize("turn", TURNS)
def test_a_turn_is_clockwise_and_after_the_mirror(tmp_path: Path, turn: Turn) -> None:
    frame, *_ = frames_of(encoded(tmp_path / "clip.mp4"), DisplayOptions(turn))
    assert quarters(frame.grey) == TURNED[turn]


def test_an_aspect_is_that_of_the_picture_as_shown(tmp_path: Path) -> None:
    clip = encoded(tmp_path / "clip.mp4", ratio=Fraction(2))
    upright, *_ = frames_of(clip, DisplayOptions(aspect="16:9"))
    turned, *_ = frames_of(clip, DisplayOptions("90", "9:16"))
    assert (upright.grey.shape, turned.grey.shape) == ((48, 85), (85, 48))


@pytest.mark.parametrize("text", ["", "16", "16:0", "0:9", "100:1", "1:100", "a:b", "-16:9"])
def test_an_aspect_needs_two_numbers(text: str) -> None:
    with pytest.raises(BadOptionError, match="width:height"):
        parse_aspect(text)


def test_a_shape_has_a_text_of_its_own() -> None:
    assert str(Shape(4, 3)) != str(Shape(4, 3, Orientation(mirrored=True)))


def test_reading_goes_on_with_the_same_shape_after_an_interruption(tmp_path: Path) -> None:
    parts = [encoded(tmp_path / f"{n}.ts", ratio=Fraction(n)) for n in (1, 2)]
    clip = joined(tmp_path / "clip.ts", *parts)
    with open_recording(clip, "clip", None) as recording:
        states = [read.state for read in recording.read()]
    assert [state.view for state in states] == [0, 0, 1, 1]
    assert len({state.shape for state in states}) == 2
