"""Smoothing, hysteresis, abstention, spans."""

import json
from math import exp

import numpy as np
import pytest

from engine.labels import LABELS
from engine.records import AbstainReason, Span
from engine.stages.timeline import TIME_CONSTANT, RawReading, SmoothedReading, TrackTimeline
from tests.engine.faces import SECOND


def distribution(**shares: float) -> np.ndarray:
    """Share the rest among the labels that are not named."""
    rest = (1 - sum(shares.values())) / (len(LABELS) - len(shares))
    return np.array([shares.get(label, rest) for label in LABELS], dtype=np.float32)


HAPPY, SAD, UNSURE = distribution(happy=0.9), distribution(sad=0.9), distribution()


def add(
    line: TrackTimeline, time: float, raw: np.ndarray, flaw: AbstainReason | None = None
) -> tuple[SmoothedReading, list[Span]]:
    return line.add(RawReading(round(time * SECOND), None, raw, flaw))


def timeline() -> TrackTimeline:
    return TrackTimeline("lobby", 1, first_seen=0)


def test_the_filter_works_in_time_whatever_the_frame_rate() -> None:
    for steps in (2, 10, 50):
        line = timeline()
        add(line, 0, SAD)
        for n in range(1, steps + 1):
            smoothed, _ = add(line, TIME_CONSTANT * n / steps, HAPPY)
        expected = SAD + (1 - exp(-1)) * (HAPPY - SAD)
        assert smoothed.distribution == pytest.approx(expected, abs=1e-5)


def test_smoothed_probabilities_add_up_to_one() -> None:
    line, random = timeline(), np.random.default_rng(0)
    for n in range(50):
        smoothed, _ = add(line, n / 10, random.dirichlet(np.ones(7)).astype(np.float32))
    assert smoothed.distribution.sum() == pytest.approx(1.0, abs=1e-5)


def test_a_single_odd_frame_does_not_change_the_label() -> None:
    line = timeline()
    labels = [add(line, n / 10, SAD if n == 10 else HAPPY)[0].label for n in range(20)]
    assert labels == ["happy"] * 20


def test_labels_that_are_nearly_even_do_not_flicker() -> None:
    line = timeline()
    add(line, 0, HAPPY)
    even = [distribution(happy=0.44, sad=0.48), distribution(happy=0.48, sad=0.44)]
    labels = {add(line, n / 10, even[n % 2])[0].label for n in range(1, 60)}
    assert labels == {"happy"}


def test_an_even_distribution_has_no_label() -> None:
    smoothed, _ = add(timeline(), 0, UNSURE)
    assert (smoothed.label, smoothed.abstained) == (None, "unsure")


def test_a_flawed_crop_has_no_label_and_does_not_enter_the_filter() -> None:
    line = timeline()
    before, _ = add(line, 0, HAPPY)
    flawed, spans = add(line, 0.1, SAD, "blurred")
    assert (flawed.label, flawed.abstained) == (None, "blurred")
    assert flawed.distribution == pytest.approx(before.distribution)
    assert [span.label for span in spans] == ["happy"]


def test_spans_follow_each_other_and_end_where_the_face_was_last_seen() -> None:
    line, spans = timeline(), []
    for n in range(40):
        spans += add(line, n / 10, SAD if n < 20 else HAPPY)[1]
    spans += line.end()
    assert [span.label for span in spans] == ["sad", "happy"]
    assert spans[0].started == 0
    assert 2.0 < spans[0].ended / SECOND < 2.0 + 2 * TIME_CONSTANT
    assert spans[1].started == spans[0].ended
    assert spans[1].ended == 3.9 * SECOND
    assert 0.45 < spans[0].confidence <= 0.9


def test_a_restored_timeline_gives_the_same_readings() -> None:
    whole, first = timeline(), timeline()
    for n in range(10):
        add(whole, n / 10, SAD)
        add(first, n / 10, SAD)
    second = TrackTimeline.restored("lobby", 1, json.loads(json.dumps(first.state())))
    for n in range(10, 30):
        expected, actual = add(whole, n / 10, HAPPY), add(second, n / 10, HAPPY)
        assert np.array_equal(actual[0].distribution, expected[0].distribution)
        assert (actual[0].label, actual[1]) == (expected[0].label, expected[1])
    assert second.end() == whole.end()
