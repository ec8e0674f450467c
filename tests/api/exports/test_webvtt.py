"""Spans as subtitles."""

from api.exports.message import message_of
from api.exports.webvtt import VttWriter
from api.exports.writer import RECORDING, ExportOptions
from engine.records import Span
from tests.api.results.recorded_events import span


def text_of(*spans: Span, options: ExportOptions = RECORDING) -> str:
    writer = VttWriter(options)
    return (writer.begin() + writer.add([message_of(span) for span in spans]) + writer.end()).decode()


def test_a_cue() -> None:
    assert text_of(span(3661.5, 3662.0, "happy", 2)) == (
        "WEBVTT\n\n1\n01:01:01.500 --> 01:01:02.000\n<v face 2>face 2: happy 76 %</v>\n"
    )


def test_cues_are_in_order_of_their_start() -> None:
    text = text_of(span(4, 5, track=1), span(1, 6, track=2), span(1, 2, track=1))
    starts = [line.split(" ")[0] for line in text.splitlines() if "-->" in line]
    assert starts == ["00:00:01.000", "00:00:01.000", "00:00:04.000"]
    assert text.index("face 1") < text.index("face 2")


def test_a_span_of_one_reading_can_be_seen() -> None:
    assert "00:00:01.000 --> 00:00:01.100" in text_of(span(1, 1))
    assert "00:00:01.000 --> 00:00:01.100" in text_of(span(1, 1.04))


def test_a_cue_ends_where_the_next_one_of_its_face_begins() -> None:
    spans = [span(1, 1, "happy", 1), span(1.04, 1.08, "sad", 1), span(1.01, 2, "sad", 2)]
    text = text_of(*spans)
    cues = [line for line in text.splitlines() if "-->" in line]
    assert cues == [
        "00:00:01.000 --> 00:00:01.040",
        "00:00:01.010 --> 00:00:02.000",
        "00:00:01.040 --> 00:00:01.140",
    ]


def test_spans_before_the_start_of_the_clock_are_cut_off() -> None:
    options = ExportOptions(clock="media", start=4000)
    _, *cues = text_of(span(1, 2), span(3, 5), span(6, 7), options=options).split("\n\n")
    assert [cue.split("\n")[:2] for cue in cues] == [
        ["1", "00:00:00.000 --> 00:00:01.000"],
        ["2", "00:00:02.000 --> 00:00:03.000"],
    ]


def test_no_span_is_still_webvtt() -> None:
    assert text_of() == "WEBVTT\n"
