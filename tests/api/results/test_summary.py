"""The summary: counts, shares and percentages."""

import pytest

from api.results.summary import Summary, percentages
from engine.records import FaceEnd
from ingest.files.damage import Damage
from tests.api.results.recorded_events import SECOND, coverage, facts, reading


def test_tracks_and_their_shares() -> None:
    summary = Summary()
    for number in range(10):
        summary.add(reading(number / 10, "happy" if number < 7 else None))
    summary.add(reading(0.3, "sad", track=2))
    summary.add(FaceEnd("clip.mp4", 1, 0, SECOND, readings=10))
    summary_json = summary.to_json(facts())
    assert (summary_json["faces"], summary_json["readings"]) == (2, 11)
    first, second = summary_json["tracks"]
    assert (first["track"], first["first_seen"], first["last_seen"]) == (1, 0.0, 1.0)
    assert (first["readings"], first["share"]["happy"], first["abstained"]) == (10, 0.7, {"unsure": 3})
    assert (second["track"], second["first_seen"], second["last_seen"]) == (2, 0.3, 0.3)
    assert second["share"] == pytest.approx({label: float(label == "sad") for label in second["share"]})


def test_coverage_adds_up() -> None:
    summary = Summary()
    for period in (coverage("observed", 0, 3), coverage("no_face", 3, 6), coverage("observed", 6, 10)):
        summary.add(period)
    summary_json = summary.to_json(facts())
    assert summary_json["coverage"] == {
        "observed": 7.0,
        "no_face": 3.0,
        "low_quality": 0.0,
        "dropped": 0.0,
        "decode_error": 0.0,
        "disconnected": 0.0,
    }
    assert summary_json["coverage_percent"]["observed"] == 70.0


def test_percentages_add_up_to_exactly_a_hundred() -> None:
    thirds = percentages({"observed": 1, "no_face": 1, "dropped": 1})
    assert sorted(thirds.values()) == [33.3, 33.3, 33.4]
    assert percentages({"observed": 0, "no_face": 0}) == {"observed": 0.0, "no_face": 0.0}


def test_pictures_are_counted_where_there_is_no_time() -> None:
    summary = Summary()
    summary.add(coverage("observed", 0, 0))
    summary.add(coverage("no_face", 0, 0))
    summary_json = summary.to_json(facts(duration=0.0, rate=None))
    assert (summary_json["coverage_percent"]["observed"], summary_json["coverage_percent"]["no_face"]) == (
        50.0,
        50.0,
    )
    assert (summary_json["speed"], summary_json["rate"]) == (None, "all")


def test_speed_and_damage() -> None:
    summary_json = Summary().to_json(facts(damage=(Damage(SECOND, 2 * SECOND, "data missing"),)))
    assert summary_json["speed"] == 4.0
    assert summary_json["damage"] == [{"started": 1.0, "ended": 2.0, "reason": "data missing"}]
