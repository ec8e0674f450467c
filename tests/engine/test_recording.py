"""Working ahead: bounded, in order, gone when nobody reads any more, and without a trace in the results."""

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


class Counted:
    """Frames that count how many were asked for."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.given = 0

    def __iter__(self) -> Iterator[Frame]:
        for number in range(self.total):
            self.given += 1
            yield frame(number)


def decoding() -> bool:
    return any(thread.name.startswith(("decode", "detect")) for thread in threading.enumerate())


def test_full_batches_and_a_rest_in_order() -> None:
    with Ahead(Counted(19), 4, "decode") as ahead:
        found = list(batches(ahead, 8))
    assert [len(batch) for batch in found] == [8, 8, 3]
    assert [each.number for batch in found for each in batch] == list(range(19))


def test_no_more_than_the_depth_is_decoded_ahead() -> None:
    frames = Counted(100)
    with Ahead(frames, 4, "decode") as ahead:
        next(batches(ahead, 8))
        until(lambda: frames.given >= 12, 5, "it decodes ahead")
        assert frames.given <= 8 + 4 + 1
    assert not decoding()


def test_leaving_early_ends_the_thread() -> None:
    frames = Counted(10_000)
    with Ahead(frames, 2, "decode") as ahead:
        next(batches(ahead, 2))
    assert not decoding()
    assert frames.given < 10


def test_an_error_in_decoding_reaches_who_reads() -> None:
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
    """Three seconds, the face is away for a while."""
    return face_clip(tmp_path_factory.mktemp("clips") / "face.mp4", even(75), empty=range(30, 45))


def read(clip: Path, networks: Networks, *, overlapped: bool) -> list[TimelineEntry]:
    with open_recording(clip, "clip", 10.0) as recording:
        reader = RecordingReader(recording, "clip", networks, overlapped=overlapped)
        return [encode_event(event) for events in reader.steps(lambda: False) for event in events]


def test_the_detector_working_ahead_changes_no_event(networks: Networks, clip: Path) -> None:
    overlapped = read(clip, networks, overlapped=True)
    assert len(overlapped) > 30
    assert overlapped == read(clip, networks, overlapped=False)


def test_where_it_stands_is_behind_the_events_it_gave(networks: Networks, clip: Path) -> None:
    """However far the detector is ahead: who goes on from there gives the rest."""
    whole = read(clip, networks, overlapped=True)
    with open_recording(clip, "clip", 10.0) as recording:
        reader = RecordingReader(recording, "clip", networks, overlapped=True)
        steps = reader.steps(lambda: False)
        told = [encode_event(event) for event in next(steps)]
        state = reader.state()
        steps.close()
    assert not decoding()
    with open_recording(clip, "clip", 10.0, state.decoding) as recording:
        reader = RecordingReader(recording, "clip", networks, state)
        told += [encode_event(event) for events in reader.steps(lambda: False) for event in events]
    assert told == whole
