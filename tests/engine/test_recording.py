"""Decoding and detection run ahead: bounded, in order, ended with their consumer, with the same results."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.loading import Networks, load_networks
from engine.recording import Ahead, RecordingReader, batches
from engine.wire import encode_event
from ingest.bus.timeline import TimelineEntry
from ingest.files.recording import open_recording
from ingest.frame import Frame
from tests.api.verbs.portrait_clips import face_clip
from tests.clips import even
from tests.engine.faces import frame
from tests.waiting import until


class CountedFrames:
    """Frames that count how many were taken."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.taken = 0

    def __iter__(self) -> Iterator[Frame]:
        for number in range(self.total):
            self.taken += 1
            yield frame(number)


def decoding() -> bool:
    return any(thread.name.startswith(("decode", "detect")) for thread in threading.enumerate())


def test_batches_are_full_and_in_order_and_the_last_one_is_shorter() -> None:
    with Ahead(CountedFrames(19), 4, "decode") as ahead:
        found = list(batches(ahead, 8))
    assert [len(batch) for batch in found] == [8, 8, 3]
    assert [each.number for batch in found for each in batch] == list(range(19))


def test_no_more_than_the_depth_is_decoded_ahead() -> None:
    frames = CountedFrames(100)
    with Ahead(frames, 4, "decode") as ahead:
        next(batches(ahead, 8))
        until(lambda: frames.taken >= 12, 5, "it decodes ahead")
        assert frames.taken <= 8 + 4 + 1
    assert not decoding()


def test_closing_early_ends_the_thread() -> None:
    frames = CountedFrames(10_000)
    with Ahead(frames, 2, "decode") as ahead:
        next(batches(ahead, 2))
    assert not decoding()
    assert frames.taken < 10


def test_a_decoding_error_reaches_the_consumer() -> None:
    def broken() -> Iterator[Frame]:
        yield frame(0)
        raise ValueError("no more")

    with Ahead(broken(), 2, "decode") as ahead, pytest.raises(ValueError, match="no more"):
        list(batches(ahead, 8))
    assert not decoding()


@pytest.fixture(scope="module")
def networks() -> Networks:
    return load_networks()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clip of three seconds; the face is out of view for a while."""
    return face_clip(tmp_path_factory.mktemp("clips") / "face.mp4", even(75), empty=range(30, 45))


def read(clip: Path, networks: Networks, *, overlapped: bool) -> list[TimelineEntry]:
    with open_recording(clip, "clip", 10.0) as recording:
        reader = RecordingReader(recording, "clip", networks, overlapped=overlapped)
        return [encode_event(event) for events in reader.steps(lambda: False) for event in events]


def test_overlapped_detection_changes_no_event(networks: Networks, clip: Path) -> None:
    overlapped = read(clip, networks, overlapped=True)
    assert len(overlapped) > 30
    assert overlapped == read(clip, networks, overlapped=False)


def test_a_state_follows_the_events_that_were_yielded(networks: Networks, clip: Path) -> None:
    """Another reader continues from it with the next event, however far the detector is ahead."""
    whole = read(clip, networks, overlapped=True)
    with open_recording(clip, "clip", 10.0) as recording:
        reader = RecordingReader(recording, "clip", networks, overlapped=True)
        steps = reader.steps(lambda: False)
        events = [encode_event(event) for event in next(steps)]
        state = reader.state()
        steps.close()
    assert not decoding()
    with open_recording(clip, "clip", 10.0, state.decoding) as recording:
        reader = RecordingReader(recording, "clip", networks, state)
        events += [encode_event(event) for step in reader.steps(lambda: False) for event in step]
    assert events == whole
