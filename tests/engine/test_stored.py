"""Events that are stored come back bit for bit."""

from dataclasses import fields, replace
from datetime import UTC, datetime

import numpy as np
import pytest

from engine.records import Box, Coverage, Event, FaceEnd, FaceStart, Reading, Span
from engine.stored import BadLineError, decode_stored, encode_stored

AT = datetime(2024, 5, 1, 12, 0, 0, 123457, UTC)
RANDOM = np.random.default_rng(7)


def numbers(*shape: int) -> np.ndarray:
    return RANDOM.random(shape, dtype=np.float32) / 3


def reading() -> Reading:
    return Reading(
        source="clip.mp4",
        track=3,
        connection=0,
        frame=1234,
        media_time=123_456_789_012_345,
        captured_at=AT,
        clock="container",
        result_at=None,
        box=Box(1 / 3, -0.1, 0.7000000000000001, 1.02),
        keypoints=numbers(15, 2),
        raw=numbers(7),
        smoothed=numbers(7),
        label=None,
        abstained="blurred",
        quality=1 / 7,
        model="emotion-01234567",
    )


@pytest.mark.parametrize(
    "event",
    [
        reading(),
        FaceStart("clip.mp4", 3, 40_000_001, AT, Box(0.1, 0.2, 0.3, 0.4)),
        FaceEnd("clip.mp4", 3, 40_000_001, 80_000_002, 17),
        Span("clip.mp4", 3, "happy", 40_000_001, 80_000_002, AT, AT, 0.1 + 0.2),
        replace(reading(), captured_at=None, clock=None),
        Coverage("clip.mp4", "decode_error", 40_000_001, 80_000_002, None, None, 0),
    ],
    ids=lambda event: type(event).__name__,
)
def test_decoded_events_are_those_that_were_encoded(event: Event) -> None:
    line = encode_stored(event)
    assert line.count(b"\n") == 1
    back = decode_stored(line, "clip.mp4")
    assert type(back) is type(event)
    for field in fields(event):
        before, after = getattr(event, field.name), getattr(back, field.name)
        if isinstance(before, np.ndarray):
            assert (after.dtype, after.shape) == (before.dtype, before.shape)
            assert after.tobytes() == before.tobytes()
            assert not after.flags.writeable
        else:
            assert after == before, field.name


@pytest.mark.parametrize("line", [b"", b"{}\n", b'["span", 1]\n', b'["reading"', b"[]\n", b'["verse", 1]\n'])
def test_other_lines_are_refused(line: bytes) -> None:
    with pytest.raises(BadLineError, match=r"^clip\.mp4: not an event of this version"):
        decode_stored(line, "clip.mp4")


def test_a_reading_with_too_few_numbers_is_refused() -> None:
    line = encode_stored(reading()).replace(b'=="]', b'"]')
    with pytest.raises(BadLineError):
        decode_stored(line[:-60] + b'"]\n', "clip.mp4")
