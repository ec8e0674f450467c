"""Every segment of time has one kind, and the segments add up to all of it."""

import json
from dataclasses import replace
from itertools import pairwise

from engine.records import Coverage, CoverageKind
from engine.stages.coverage import MAX_DURATION, SourceCoverage
from tests.engine.faces import NOON, SECOND, frame


def segments(closed: list[Coverage]) -> list[tuple[str, float, float]]:
    """Kind, start and end in seconds; segments cut only for their length are joined again."""
    joined: list[tuple[str, float, float]] = []
    for each in closed:
        started, ended = each.started / SECOND, each.ended / SECOND
        if joined and joined[-1][0] == each.kind:
            assert joined[-1][2] == started
            joined[-1] = (each.kind, joined[-1][1], ended)
        else:
            joined.append((each.kind, started, ended))
    assert all(one[2] == next_one[1] for one, next_one in pairwise(joined))
    return joined


def test_a_frame_covers_the_time_until_the_next() -> None:
    coverage, closed = SourceCoverage("clip"), []
    for n in range(30):
        closed += coverage.add(frame(n), "observed" if n < 10 else "no_face")
    closed += coverage.finish(3 * SECOND)
    assert segments(closed) == [("observed", 0, 1), ("no_face", 1, 3)]
    assert sum(each.frames for each in closed) == 30


def test_a_recording_is_covered_from_zero_and_a_live_source_from_its_first_frame() -> None:
    coverage = SourceCoverage("clip")
    closed = coverage.add(frame(0, at=0.5), "no_face") + coverage.finish(SECOND)
    assert segments(closed) == [("no_face", 0, 1)]
    coverage = SourceCoverage("lobby")
    closed = coverage.add(frame(0, at=0.5, live=True), "no_face") + coverage.finish(SECOND)
    assert segments(closed) == [("no_face", 0.5, 1)]


def test_missing_numbers_are_dropped_frames_and_are_counted() -> None:
    coverage, closed = SourceCoverage("lobby"), []
    for n in (0, 1, 2, 5, 6):
        closed += coverage.add(frame(n, live=True), "observed")
    closed += coverage.finish(7 * SECOND // 10)
    assert segments(closed) == [("observed", 0, 0.3), ("dropped", 0.3, 0.5), ("observed", 0.5, 0.7)]
    assert [each.frames for each in closed if each.kind == "dropped"] == [2]


def test_a_new_connection_ends_a_segment_of_disconnection() -> None:
    coverage, closed = SourceCoverage("lobby"), []
    for n in range(3):
        closed += coverage.add(frame(n, live=True, connection=1), "observed")
    closed += coverage.add(frame(0, at=5.0, live=True, connection=2), "observed")
    closed += coverage.finish(6 * SECOND)
    assert segments(closed) == [("observed", 0, 0.3), ("disconnected", 0.3, 5), ("observed", 5, 6)]


def test_frames_that_are_lost_before_the_first_of_a_connection_are_counted() -> None:
    coverage, closed = SourceCoverage("lobby"), []
    closed += coverage.add(frame(2, at=1.0, live=True, connection=1), "observed")
    closed += coverage.add(frame(3, at=1.1, live=True, connection=1), "observed")
    closed += coverage.add(frame(4, at=5.0, live=True, connection=2), "observed")
    closed += coverage.finish(6 * SECOND)
    drops = [
        (each.started / SECOND, each.ended / SECOND, each.frames) for each in closed if each.kind == "dropped"
    ]
    assert drops == [(1.0, 1.0, 2), (4.6, 5.0, 4)]
    assert sum(each.ended - each.started for each in closed) == 5 * SECOND
    assert ("disconnected", 1.2, 4.6) in segments(closed)


def test_coverage_resumes_after_a_pause_without_a_gap() -> None:
    coverage, closed = SourceCoverage("lobby"), []
    for n in range(3):
        closed += coverage.add(frame(n, live=True, connection=1), "observed")
    closed += coverage.pause()
    assert segments(closed) == [("observed", 0, 0.2)]
    assert coverage.pause() == []
    closed += coverage.add(frame(0, at=9.0, live=True, connection=2), "no_face")
    closed += coverage.finish(10 * SECOND)
    assert segments(closed) == [("observed", 0, 0.3), ("disconnected", 0.3, 9), ("no_face", 9, 10)]
    assert sum(each.frames for each in closed) == 4


def test_a_gap_beside_decoding_errors_is_a_decoding_error() -> None:
    coverage, closed = SourceCoverage("clip"), []
    for n in range(5):
        closed += coverage.add(frame(n), "observed")
    closed += coverage.add(frame(5, at=2.0, damaged=True), "observed")
    closed += coverage.finish(3 * SECOND)
    assert segments(closed) == [("observed", 0, 0.5), ("decode_error", 0.5, 2), ("observed", 2, 3)]


def test_a_recording_without_a_picture_is_disconnected() -> None:
    """No new picture, no reading: between two frames, before the first, and after the last."""
    coverage, closed = SourceCoverage("clip"), []
    gaps_by_time: list[tuple[float, list[tuple[float, float]]]]
    gaps_by_time = [(1.0, [(0, 1)]), (1.1, []), (9.0, [(1.2, 4), (5, 9)])]
    for n, (at, gaps) in enumerate(gaps_by_time):
        gap_times = tuple((round(started * SECOND), round(ended * SECOND)) for started, ended in gaps)
        closed += coverage.add(replace(frame(n, at=at), gaps=gap_times), "observed")
    closed += coverage.finish(12 * SECOND, pictures_end=10 * SECOND)
    gap, seen = "disconnected", "observed"
    assert segments(closed) == [
        *[(gap, 0, 1), (seen, 1, 1.2), (gap, 1.2, 4), (seen, 4, 5), (gap, 5, 9), (seen, 9, 10), (gap, 10, 12)]
    ]


def test_a_camera_without_frames_for_long_was_disconnected() -> None:
    coverage, closed = SourceCoverage("lobby"), []
    for n, at in enumerate((0, 0.1, 0.2, 4.0, 4.1)):
        closed += coverage.add(frame(n, at=at, live=True), "observed")
    closed += coverage.finish(5 * SECOND)
    assert segments(closed) == [("observed", 0, 0.3), ("disconnected", 0.3, 4), ("observed", 4, 5)]


def test_a_slow_camera_is_not_disconnected_between_its_frames() -> None:
    coverage, closed = SourceCoverage("lobby"), []
    for n in range(5):
        closed += coverage.add(frame(n, at=3.0 * n, live=True), "observed")
    assert segments(closed + coverage.finish(15 * SECOND)) == [("observed", 0, 15)]


def test_a_recording_that_breaks_off_is_damaged_to_its_stated_end() -> None:
    coverage, closed = SourceCoverage("clip"), []
    for n in range(5):
        closed += coverage.add(frame(n), "observed")
    closed += coverage.finish(4 * SECOND, damaged=True)
    assert segments(closed) == [("observed", 0, 0.5), ("decode_error", 0.5, 4)]


def test_a_recording_without_a_frame_is_covered_too() -> None:
    assert segments(SourceCoverage("clip").finish(SECOND)) == [("no_face", 0, 1)]
    assert segments(SourceCoverage("clip").finish(SECOND, damaged=True)) == [("decode_error", 0, 1)]


def test_long_segments_are_closed_in_parts_with_wall_clock() -> None:
    coverage, closed = SourceCoverage("lobby"), []
    for n in range(201):
        closed += coverage.add(frame(n, live=True), "no_face")
    assert [each.ended - each.started for each in closed] == [MAX_DURATION, MAX_DURATION]
    assert [each.frames for each in closed] == [100, 100]  # a frame counts where its time begins
    assert (closed[0].started_at, closed[1].ended_at) == (NOON, frame(200, live=True).captured_at)


def test_a_repeated_frame_is_recognised() -> None:
    coverage = SourceCoverage("lobby")
    coverage.add(frame(4, connection=1), "no_face")
    assert coverage.is_repeated(frame(4, connection=1))
    assert coverage.is_repeated(frame(3, connection=1))
    assert not coverage.is_repeated(frame(5, connection=1))
    assert not coverage.is_repeated(frame(0, connection=2))


def test_a_restored_coverage_gives_the_same_segments() -> None:
    kinds: tuple[CoverageKind, ...] = ("observed", "no_face", "observed")
    whole, first = SourceCoverage("lobby"), SourceCoverage("lobby")
    unbroken: list[Coverage] = []
    closed: list[Coverage] = []
    for n, kind in enumerate(kind for kind in kinds for _ in range(5)):
        unbroken += whole.add(frame(n, live=True), kind)
        closed += first.add(frame(n, live=True), kind)
        first = SourceCoverage.restored("lobby", json.loads(json.dumps(first.state())))
    assert closed + first.finish(2 * SECOND) == unbroken + whole.finish(2 * SECOND)
