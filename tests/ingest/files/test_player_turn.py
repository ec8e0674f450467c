"""The turn that a browser leaves out: it applies the container's orientation, and no messages."""

from pathlib import Path

import pytest

from ingest.files.player_turn import player_turn
from ingest.files.recording import open_recording
from ingest.picture.options import TURNS, DisplayOptions, Turn
from tests.ingest.picture.test_display import encoded, rewritten

ONE = 1 << 16
MIRRORED = [-ONE, 0, 0, 0, ONE, 0, 0, 0, 1 << 30]
MESSAGE = "h264_metadata=display_orientation=insert:rotate=90:flip=horizontal"


def turn_for(path: Path, turn: Turn = "0") -> Turn:
    options = DisplayOptions(turn)
    with open_recording(path, "clip", None, options=options) as recording:
        first = next(recording.decoded_frames())
        return player_turn(path, first.picture.shape.orientation, options)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_what_the_container_declares_is_not_turned_again(tmp_path: Path, suffix: str) -> None:
    clip = encoded(tmp_path / f"clip.{suffix}", matrix=MIRRORED)
    assert [turn_for(clip, turn) for turn in TURNS] == list(TURNS)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_messages_in_the_stream_are_left_to_the_page(tmp_path: Path, suffix: str) -> None:
    clip = rewritten(encoded(tmp_path / f"plain.{suffix}"), tmp_path / f"clip.{suffix}", MESSAGE)
    turned = {turn_for(clip, turn) for turn in TURNS}
    assert turn_for(clip) not in ("0", "90")
    assert turned == set(TURNS)
