"""Times of an AVI's pictures where the decoder holds some back."""

from pathlib import Path

import pytest

from ingest.files.recording import open_recording
from ingest.pace import SECOND
from tests.clips import brightness, even, make_clip

MS = SECOND // 1000


def test_pictures_of_an_avi_are_shown_in_order_and_none_is_left_out(tmp_path: Path) -> None:
    """libx264 lets pictures refer to later ones."""
    with open_recording(make_clip(tmp_path / "film.avi", even(30)), "film", None) as recording:
        read = [(frame.media_time // MS, float(frame.grey[:100].mean())) for frame in recording]
    assert [time for time, _ in read] == even(30)
    assert [shown for _, shown in read] == pytest.approx([brightness(number) for number in range(30)], abs=2)
    assert recording.damage == []


def test_an_avi_whose_first_picture_is_damaged_keeps_its_times(tmp_path: Path) -> None:
    """The first key picture is damaged; those behind the next one have their own times."""
    film = make_clip(tmp_path / "film.avi", even(30))
    data = bytearray(film.read_bytes())
    first = data.index(b"00dc", data.index(b"movi"))
    length = int.from_bytes(data[first + 4 : first + 8], "little")
    data[first + 8 + length // 2 : first + 8 + length] = bytes(length - length // 2)
    film.write_bytes(data)
    with open_recording(film, "film", None) as recording:
        read = {frame.media_time // MS: float(frame.grey[:100].mean()) for frame in recording}
    assert read[12 * 40] == pytest.approx(brightness(12), abs=2)
    assert read[20 * 40] == pytest.approx(brightness(20), abs=2)
