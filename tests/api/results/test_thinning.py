"""Thinned curves, spans and coverage are small, and agree with the originals."""

from itertools import pairwise

import pytest

from api.results.thinning import CoverageStrip, ThinnedReadings, ThinnedSpans
from engine.records import CoverageKind
from tests.api.results.recorded_events import coverage, reading, span


def test_a_short_recording_keeps_every_reading() -> None:
    thinned = ThinnedReadings()
    for number in range(50):
        thinned.add(reading(number / 25, "sad"))
    points = thinned.to_json()[1]
    assert [point[0] for point in points] == [number * 40 for number in range(50)]
    assert points[0][1:] == [2, 40, 40, 760, 40, 40, 40, 40]


def test_a_long_recording_keeps_means() -> None:
    thinned = ThinnedReadings(limit=100)
    for number in range(5000):
        thinned.add(
            reading(number / 10, "happy" if number < 2500 else "sad", share=0.7 + 0.02 * (number % 2))
        )
        assert thinned.points <= 100
    points = thinned.to_json()[1]
    assert len(points) > 30
    assert [point[0] for point in points] == sorted(point[0] for point in points)
    early, late = points[2], points[-3]
    assert [early[1], early[5]] == [3, pytest.approx(710, abs=2)]
    assert [late[1], late[4]] == [2, pytest.approx(710, abs=2)]


def test_an_abstained_reading_has_a_label_number_of_its_own() -> None:
    thinned = ThinnedReadings()
    thinned.add(reading(0, None))
    assert thinned.to_json()[1][0][1] == 7


def test_every_face_keeps_a_point() -> None:
    thinned = ThinnedReadings(limit=10)
    for track in range(30):
        for number in range(20):
            thinned.add(reading(track + number / 10, track=track))
    assert len(thinned.to_json()) == 30
    assert all(thinned.to_json().values())
    assert thinned.points <= 60


def test_the_longest_spans_are_kept() -> None:
    thinned = ThinnedSpans(limit=20)
    for number in range(200):
        thinned.add(span(number, number + (0.9 if number % 10 == 0 else 0.1), "sad"))
    spans = thinned.to_json()
    assert len(spans) == 20
    assert spans[1] == [10_000, 10_900, 1, 2]


def test_coverage_joins_neighbours_and_leaves_no_hole() -> None:
    strip = CoverageStrip(limit=20)
    kinds: list[CoverageKind] = ["observed", "no_face", "observed", "low_quality"]
    for number in range(300):
        kind = kinds[number % 4]
        strip.add(coverage(kind, number, number + 1))
    periods = strip.to_json()
    assert len(periods) <= 20
    assert (periods[0][0], periods[-1][1]) == (0, 300_000)
    assert all(a[1] == b[0] for a, b in pairwise(periods))


def test_coverage_of_one_kind_is_joined() -> None:
    strip = CoverageStrip()
    for number in range(5):
        strip.add(coverage("observed", 10 * number, 10 * (number + 1)))
    assert strip.to_json() == [[0, 50_000, "observed"]]
