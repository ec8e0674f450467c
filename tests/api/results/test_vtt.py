"""Spans as subtitles."""

from pathlib import Path

from api.results.vtt import TimelineVtt
from tests.api.results.recorded_events import span


def text_of(tmp_path: Path, *spans: object) -> str:
    vtt = TimelineVtt()
    for each in spans:
        vtt.add(each)
    vtt.write(tmp_path / "timeline.vtt")
    return (tmp_path / "timeline.vtt").read_text(encoding="utf-8")


def test_a_cue(tmp_path: Path) -> None:
    assert text_of(tmp_path, span(3661.5, 3662.0, "happy", 2)) == (
        "WEBVTT\n\n1\n01:01:01.500 --> 01:01:02.000\n<v face 2>face 2: happy 76 %</v>\n"
    )


def test_cues_are_in_order_of_their_start(tmp_path: Path) -> None:
    text = text_of(tmp_path, span(4, 5, track=1), span(1, 6, track=2), span(1, 2, track=1))
    starts = [line.split(" ")[0] for line in text.splitlines() if "-->" in line]
    assert starts == ["00:00:01.000", "00:00:01.000", "00:00:04.000"]
    assert text.index("face 1") < text.index("face 2")


def test_a_span_of_one_reading_can_be_seen(tmp_path: Path) -> None:
    assert "00:00:01.000 --> 00:00:01.001" in text_of(tmp_path, span(1, 1))


def test_no_span_is_still_webvtt(tmp_path: Path) -> None:
    assert text_of(tmp_path) == "WEBVTT\n"
