"""Colours and luma of pictures with PQ, and pictures that are put onto a larger canvas."""

import av
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from ingest.picture.colour import colour_of, fitted, letterboxed
from ingest.picture.display import Picture, Shape
from ingest.picture.luma import grey_of
from ingest.picture.pq import GAMMA, luma_of_codes

WHITE_CODE = 0.5807  # of PQ for 203 cd/m2 (ITU-R BT.2408, table 1)


def even_picture(code: float) -> Picture:
    """Return a grey picture of a code value of 0..1 in 10 bits of limited range, with PQ and BT.2020."""
    value = np.uint16(round(64 + 876 * code))
    image = av.VideoFrame(64, 48, "yuv420p10le")
    for plane, fill in zip(image.planes, (value, np.uint16(512), np.uint16(512)), strict=True):
        plane.update(np.full(plane.buffer_size // 2, fill).tobytes())
    image.color_range, image.colorspace = ColorRange.MPEG, Colorspace.BT2020
    image.color_trc, image.color_primaries = ColorTrc.SMPTE2084, ColorPrimaries.BT2020
    return Picture(image, Shape(64, 48))


def test_light_of_a_screen_keeps_its_code_value() -> None:
    """10 cd/m2 has the code 0.3024 in PQ (ITU-R BT.2100); white is 203 cd/m2."""
    expected = 255 * (10 / 203) ** (1 / GAMMA)
    grey = grey_of(even_picture(0.3024))
    assert grey.mean() == pytest.approx(expected, abs=2)
    assert colour_of(even_picture(0.3024)).mean() == pytest.approx(expected, abs=2)


def test_highlights_stay_apart() -> None:
    white, brighter, brightest = (
        int(luma_of_codes()[round(code * 65535)]) for code in (WHITE_CODE, 0.75, 1.0)
    )
    assert 235 <= white < brighter <= brightest == 255


def test_grey_light_stays_grey() -> None:
    assert np.ptp(colour_of(even_picture(WHITE_CODE)).astype(int), axis=-1).max() <= 2


@pytest.mark.parametrize(
    ("shape", "size"),
    [(Shape(202, 360), (202, 360)), (Shape(1280, 360), (640, 180)), (Shape(64, 36), (640, 360))],
)
def test_another_shape_gets_black_bars(shape: Shape, size: tuple[int, int]) -> None:
    assert fitted(shape, (640, 360)) == size
    canvas = letterboxed(np.full((size[1], size[0], 3), 255, dtype=np.uint8), (640, 360))
    assert canvas.shape == (360, 640, 3)
    assert int(np.count_nonzero(canvas)) == 3 * size[0] * size[1]
    assert canvas[180, 320].all()
