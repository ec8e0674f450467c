"""The frames that a decoder process picks of a live source."""

import re

import av
import pytest

from ingest.bus.source_config import SourceConfig
from ingest.frame import Frame
from ingest.live.latest import LatestSlot
from ingest.live.process import FrameSampler, describe_bug
from ingest.live.stream import LiveFrame
from ingest.pace import SECOND
from ingest.picture.display import Picture, Shape

CREATED = 1_000.0  # seconds since the epoch
CONFIG = SourceConfig(id="door", name="Door", url="webcam:0", rate=10.0, created_at=CREATED)


def sample(
    sampler: FrameSampler, number: int, *, size: tuple[int, int] = (64, 48), damaged: bool = False
) -> Frame | None:
    """Return the picked frame for the image with this number, at 25 a second."""
    picture = Picture(av.VideoFrame(*size, format="gray"), Shape(*size))
    captured = sampler.sample(
        LiveFrame(number * SECOND // 25, CREATED + 60 + number / 25, None, picture, damaged)
    )
    return None if captured is None else captured.frame


def test_picked_frames_are_numbered_without_gaps() -> None:
    sampler = FrameSampler(CONFIG, 0)
    frames = [frame for number in range(10) if (frame := sample(sampler, number)) is not None]
    assert [frame.number for frame in frames] == [0, 1, 2, 3, 4]
    assert [frame.media_time for frame in frames] == [60 * SECOND + 2 * n * SECOND // 25 for n in range(5)]
    assert frames[0].connection == 1_060_000
    assert frames[0].captured_at is not None
    assert frames[0].captured_at.timestamp() == CREATED + 60
    assert frames[0].clock == "arrival"


def test_the_camera_s_own_clock_is_used() -> None:
    picture = Picture(av.VideoFrame(64, 48, format="gray"), Shape(64, 48))
    captured = FrameSampler(CONFIG, 0).sample(LiveFrame(0, CREATED + 60, CREATED + 59.9, picture, False))
    assert captured is not None
    assert captured.frame.clock == "rtcp"
    assert captured.frame.captured_at is not None
    assert captured.frame.captured_at.timestamp() == CREATED + 59.9


def test_a_new_size_is_a_new_connection() -> None:
    sampler = FrameSampler(CONFIG, 0)
    before, after = sample(sampler, 0), sample(sampler, 5, size=(48, 64))
    assert before is not None
    assert after is not None
    assert (after.connection, after.number) == (before.connection + 200, 0)
    assert after.media_time == before.media_time + SECOND // 5


def test_damage_is_marked_on_the_next_picked_frame() -> None:
    sampler = FrameSampler(CONFIG, 0)
    damaged = [frame.damaged for n in range(6) if (frame := sample(sampler, n, damaged=n == 1)) is not None]
    assert damaged == [False, True, False]


def test_an_unexpected_error_is_one_line_without_its_message() -> None:
    try:
        int("planted")
    except ValueError as error:
        reason = describe_bug(error)
    assert re.fullmatch(r"internal error: ValueError in line \d+ of test_process\.py", reason)


def test_the_decoding_thread_learns_that_the_sender_failed() -> None:
    slot: LatestSlot[int] = LatestSlot()
    slot.put(1)
    slot.fail(MemoryError())
    with pytest.raises(MemoryError):
        slot.put(2)
