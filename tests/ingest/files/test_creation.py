"""The creation time of a container, where it is plausible."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.files.creation import creation_time
from ingest.files.recording import open_recording
from tests.clips import created_at, even, make_clip

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2024-05-01T12:00:00.000000Z", "2024-05-01 12:00:00", "2024-05-01T14:00:00+02:00"]
)
def test_a_time_is_read_as_utc(text: str) -> None:
    assert creation_time([{"creation_time": text}], NOW) == NOON


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "1904-01-01T00:00:00Z", "1970-01-01T00:00:07Z", "1980-01-01T00:00:00Z"),
        *("2040-02-06T06:28:15Z", "0001-01-01T00:00:00+14:00", "2026-13-01T00:00:00Z"),
    ],
)
def test_a_time_that_no_camera_had_is_none(text: str) -> None:
    assert creation_time([{"creation_time": text}], NOW) is None


def test_the_stream_tells_it_where_the_container_does_not() -> None:
    stream = {"creation_time": "2024-05-01T12:00:00Z"}
    assert creation_time([{}, stream], NOW) == creation_time([{"creation_time": "1904-01-01"}, stream], NOW)


@pytest.mark.parametrize("name", ["tagged.mp4", "tagged.mov", "tagged.mkv"])
def test_containers_tell_when_they_were_made(tmp_path: Path, name: str) -> None:
    clip = make_clip(tmp_path / "plain.mp4", even(5))
    tagged = created_at(clip, tmp_path / name, "2024-05-01T12:00:00.000000Z")
    with open_recording(clip, "plain", None) as recording:
        assert recording.created is None
    with open_recording(tagged, "tagged", None) as recording:
        assert recording.created == NOON
