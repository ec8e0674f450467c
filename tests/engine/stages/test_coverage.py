"""Every stretch of time has one kind, and the stretches add up to all of it."""

import json
from itertools import pairwise

from engine.records import Coverage, CoverageKind
from engine.stages.coverage import MAX_DURATION, SourceCoverage
from tests.engine.faces import NOON, SECOND, frame


def stretches(told: list[Coverage]) -> list[tuple[str, float, float]]:
    """Kind, start and end in seconds; stretches cut only for their length are joined again."""
    joined: list[tuple[str, float, float]] = []
    for each in told:
        started, ended = each.started / SECOND, each.ended / SECOND
        if joined and joined[-1][0] == each.kind:
            assert joined[-1][2] == started
            joined[-1] = (each.kind, joined[-1][1], ended)
        else:
            joined.append((each.kind, started, ended))
    assert all(one[2] == next_one[1] for one, next_one in pairwise(joined))
    return joined


def test_a_frame_stands_for_the_time_until_the_next() -> None:
    keeper, told = SourceCoverage("clip"), []
    for n in range(30):
        told += keeper.add(frame(n), "observed" if n < 10 else "no_face")
    told += keeper.finish(3 * SECOND)
    assert stretches(told) == [("observed", 0, 1), ("no_face", 1, 3)]
    assert sum(each.frames for each in told) == 30


def test_a_recording_is_covered_from_zero_and_a_live_source_from_its_first_frame() -> None:
    keeper = SourceCoverage("clip")
    told = keeper.add(frame(0, at=0.5), "no_face") + keeper.finish(SECOND)
    assert stretches(told) == [("no_face", 0, 1)]
    keeper = SourceCoverage("lobby")
    told = keeper.add(frame(0, at=0.5, live=True), "no_face") + keeper.finish(SECOND)
    assert stretches(told) == [("no_face", 0.5, 1)]


def test_missing_numbers_are_dropped_frames_and_are_counted() -> None:
    keeper, told = SourceCoverage("lobby"), []
    for n in (0, 1, 2, 5, 6):
        told += keeper.add(frame(n, live=True), "observed")
    told += keeper.finish(7 * SECOND // 10)
    assert stretches(told) == [("observed", 0, 0.3), ("dropped", 0.3, 0.5), ("observed", 0.5, 0.7)]
    assert [each.frames for each in told if each.kind == "dropped"] == [2]


def test_a_new_connection_ends_a_stretch_of_disconnection() -> None:
    keeper, told = SourceCoverage("lobby"), []
    for n in range(3):
        told += keeper.add(frame(n, live=True, connection=1), "observed")
    told += keeper.add(frame(0, at=5.0, live=True, connection=2), "observed")
    told += keeper.finish(6 * SECOND)
    assert stretches(told) == [("observed", 0, 0.3), ("disconnected", 0.3, 5), ("observed", 5, 6)]


def test_frames_that_are_lost_before_the_first_of_a_connection_are_counted() -> None:
    keeper, told = SourceCoverage("lobby"), []
    told += keeper.add(frame(2, at=1.0, live=True, connection=1), "observed")
    told += keeper.add(frame(3, at=1.1, live=True, connection=1), "observed")
    told += keeper.add(frame(4, at=5.0, live=True, connection=2), "observed")
    told += keeper.finish(6 * SECOND)
    drops = [
        (each.started / SECOND, each.ended / SECOND, each.frames) for each in told if each.kind == "dropped"
    ]
    assert drops == [(1.0, 1.0, 2), (4.6, 5.0, 4)]
    assert sum(each.ended - each.started for each in told) == 5 * SECOND
    assert ("disconnected", 1.2, 4.6) in stretches(told)


def test_after_a_pause_it_goes_on_without_a_gap() -> None:
    keeper, told = SourceCoverage("lobby"), []
    for n in range(3):
        told += keeper.add(frame(n, live=True, connection=1), "observed")
    told += keeper.pause()
    assert stretches(told) == [("observed", 0, 0.2)]
    assert keeper.pause() == []
    told += keeper.add(frame(0, at=9.0, live=True, connection=2), "no_face")
    told += keeper.finish(10 * SECOND)
    assert stretches(told) == [("observed", 0, 0.3), ("disconnected", 0.3, 9), ("no_face", 9, 10)]
    assert sum(each.frames for each in told) == 4


def test_a_hole_beside_decoding_errors_is_their_doing() -> None:
    keeper, told = SourceCoverage("clip"), []
    for n in range(5):
        told += keeper.add(frame(n), "observed")
    told += keeper.add(frame(5, at=2.0, damaged=True), "observed")
    told += keeper.finish(3 * SECOND)
    assert stretches(told) == [("observed", 0, 0.5), ("decode_error", 0.5, 2), ("observed", 2, 3)]


def test_a_long_pause_between_frames_alone_is_no_error() -> None:
    """Variable frame rate: a frame is shown until the next one comes."""
    keeper, told = SourceCoverage("clip"), []
    for n, at in enumerate((0, 0.1, 3.0)):
        told += keeper.add(frame(n, at=at), "observed")
    assert stretches(told + keeper.finish(4 * SECOND)) == [("observed", 0, 4)]


def test_a_camera_that_is_silent_for_long_was_away() -> None:
    keeper, told = SourceCoverage("lobby"), []
    for n, at in enumerate((0, 0.1, 0.2, 4.0, 4.1)):
        told += keeper.add(frame(n, at=at, live=True), "observed")
    told += keeper.finish(5 * SECOND)
    assert stretches(told) == [("observed", 0, 0.3), ("disconnected", 0.3, 4), ("observed", 4, 5)]


def test_a_slow_camera_is_not_away_between_its_frames() -> None:
    keeper, told = SourceCoverage("lobby"), []
    for n in range(5):
        told += keeper.add(frame(n, at=3.0 * n, live=True), "observed")
    assert stretches(told + keeper.finish(15 * SECOND)) == [("observed", 0, 15)]


def test_a_recording_that_breaks_off_is_damaged_to_its_stated_end() -> None:
    keeper, told = SourceCoverage("clip"), []
    for n in range(5):
        told += keeper.add(frame(n), "observed")
    told += keeper.finish(4 * SECOND, damaged=True)
    assert stretches(told) == [("observed", 0, 0.5), ("decode_error", 0.5, 4)]


def test_a_recording_without_a_frame_is_covered_too() -> None:
    assert stretches(SourceCoverage("clip").finish(SECOND)) == [("no_face", 0, 1)]
    assert stretches(SourceCoverage("clip").finish(SECOND, damaged=True)) == [("decode_error", 0, 1)]


def test_long_stretches_are_told_in_parts_with_wall_clock() -> None:
    keeper, told = SourceCoverage("lobby"), []
    for n in range(201):
        told += keeper.add(frame(n, live=True), "no_face")
    assert [each.ended - each.started for each in told] == [MAX_DURATION, MAX_DURATION]
    assert [each.frames for each in told] == [100, 100]  # a frame counts where its time begins
    assert (told[0].started_at, told[1].ended_at) == (NOON, frame(200, live=True).captured_at)


def test_a_frame_that_comes_again_is_known() -> None:
    keeper = SourceCoverage("lobby")
    keeper.add(frame(4, connection=1), "no_face")
    assert keeper.is_repeated(frame(4, connection=1))
    assert keeper.is_repeated(frame(3, connection=1))
    assert not keeper.is_repeated(frame(5, connection=1))
    assert not keeper.is_repeated(frame(0, connection=2))


def test_a_restored_keeper_goes_on_as_if_nothing_had_happened() -> None:
    kinds: tuple[CoverageKind, ...] = ("observed", "no_face", "observed")
    whole, first = SourceCoverage("lobby"), SourceCoverage("lobby")
    unbroken: list[Coverage] = []
    told: list[Coverage] = []
    for n, kind in enumerate(kind for kind in kinds for _ in range(5)):
        unbroken += whole.add(frame(n, live=True), kind)
        told += first.add(frame(n, live=True), kind)
        first = SourceCoverage.restored("lobby", json.loads(json.dumps(first.state())))
    assert told + first.finish(2 * SECOND) == unbroken + whole.finish(2 * SECOND)
