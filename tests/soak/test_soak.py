"""The soak test's pure parts: the plan of the faults, and the verdict on what clients received."""

from collections import Counter
from dataclasses import replace

import pytest

from tests.soak.log import Seen, Segment, SourceLog, position
from tests.soak.plan import LENGTHS, ROUND, Fault, plan
from tests.soak.verdict import (
    HOUR,
    MIB,
    MemorySample,
    differences,
    dropped,
    growth,
    holes,
    judge_clients,
    surplus,
    twice,
    uncounted,
)

MINUTES = 60


def test_a_seed_gives_the_same_plan_each_time() -> None:
    assert plan(4, 600, 20) == plan(4, 600, 20) != plan(5, 600, 20)


def test_an_hour_has_enough_faults_and_all_kinds() -> None:
    faults = plan(1, 60 * MINUTES, 20)
    assert len(faults) == 179
    assert {(each.kind, each.target) for each in faults} == set(ROUND)
    assert [fault.at for fault in faults] == [20.0 * number for number in range(1, 180)]


def test_kinds_that_cannot_be_made_are_left_out() -> None:
    assert not {each.kind for each in plan(1, 3600, 20, ["fill", "clock"])} & {"fill", "clock"}


@pytest.mark.parametrize("seed", range(20))
def test_redis_is_not_killed_while_the_disk_is_full(seed: int) -> None:
    faults = plan(seed, 60 * MINUTES, 5)
    at_redis = [each for each in faults if each.target == "redis" and each.kind in ("kill", "stop")]
    assert any(each.kind == "fill" for each in faults)
    assert not [
        each for each in faults if each.kind == "fill" and any(meets(each, other) for other in at_redis)
    ]


def meets(first: Fault, second: Fault) -> bool:
    early, late = sorted((first, second), key=lambda fault: fault.at)
    return early.at + LENGTHS[early.kind] > late.at


def seen(number: int, connection: int, frame: int, track: int = 1) -> Seen:
    return Seen((number, 0), connection, frame, track)


def segment(number: int, kind: str, started: float, ended: float, frames: int) -> Segment:
    return Segment((number, 1), kind, started, ended, frames)


def whole() -> SourceLog:
    """Two connections, the second one without its first two frames."""
    return SourceLog(
        readings=[seen(1, 7, 0), seen(2, 7, 1), seen(3, 7, 2), seen(4, 9, 2), seen(5, 9, 3)],
        segments=[
            segment(3, "observed", 0.0, 0.6, 3),
            segment(4, "disconnected", 0.6, 2.0, 0),
            segment(5, "dropped", 2.0, 2.4, 2),
            segment(6, "observed", 2.4, 2.8, 2),
        ],
    )


def test_a_whole_log_passes() -> None:
    assert all(row.ok for row in judge_clients([{"a": whole()}, {"a": whole()}], {"a": 2}))


def test_frames_without_a_face_have_no_readings() -> None:
    log = whole()
    log.segments.append(segment(7, "no_face", 2.8, 3.0, 1))
    assert (uncounted(log), surplus(log)) == (0, 0)


def test_readings_that_come_twice_are_counted() -> None:
    log = whole()
    log.readings.append(seen(6, 9, 3))
    assert twice(log) == 1


def test_two_faces_of_a_frame_are_two_readings() -> None:
    log = whole()
    log.readings.append(seen(6, 9, 3, track=2))
    assert twice(log) == 0


def test_frames_that_nobody_counted_are_missing() -> None:
    log = whole()
    log.segments[2] = replace(log.segments[2], frames=0)
    assert (uncounted(log), surplus(log)) == (2, 0)


def test_frames_that_were_counted_twice_are_too_many() -> None:
    log = whole()
    log.segments[2] = replace(log.segments[2], frames=89_040)
    assert (uncounted(log), surplus(log)) == (0, 89_038)
    assert dropped(log) == 89_040


def test_gaps_and_overlaps_of_the_coverage_are_counted() -> None:
    log = whole()
    log.segments[1] = replace(log.segments[1], started=0.7, ended=2.1)
    assert holes(log) == 2


def test_a_message_that_one_client_lacks_is_found() -> None:
    lacking = whole()
    del lacking.readings[1]
    assert differences([{"a": whole()}, {"a": lacking}]) == 1


def test_a_counter_that_differs_fails() -> None:
    rows = list(judge_clients([{"a": whole()}], {"a": 3}))
    assert [row.name for row in rows if not row.ok] == [
        "sources whose counter of dropped frames is wrong (2)"
    ]


def test_messages_become_a_log() -> None:
    log = SourceLog()
    reading = {"type": "reading", "connection": 7, "frame": 3, "track": 2}
    captured = {"captured_at": "1970-01-01T00:01:40.000Z"}
    log.add({**reading, **captured, "cursor": "10-2"})
    log.add({"type": "error", "code": "missed"})
    log.add({"type": "heartbeat"})
    log.add({"type": "state", "cursor": "9-3"})
    assert log.readings == [Seen((10, 2), 7, 3, 2)]
    assert (log.newest, log.disordered, log.errors) == (100.0, 1, Counter(missed=1))


def test_cursors_are_compared_as_numbers() -> None:
    assert position("9-10") < position("10-9") < position("10-10")


def samples(pid: int, level: float, slope: float, *, ages: range = range(0, 600, 5)) -> list[MemorySample]:
    """Samples of a process whose memory grows by `slope` MB an hour."""
    return [
        MemorySample("engine", pid, 1000.0 * pid + age, age, round((level + slope * age / HOUR) * MIB))
        for age in ages
    ]


def test_the_slope_is_within_processes_and_not_between_them() -> None:
    found = growth([*samples(1, 100, 6.0), *samples(2, 150, 6.0), *samples(3, 80, 6.0)])
    assert found == pytest.approx(6.0, rel=1e-3)


def test_the_first_minutes_of_a_process_do_not_count() -> None:
    grown = [
        replace(each, memory=each.memory // 2) if each.age < 60 else each for each in samples(1, 100, 0.0)
    ]
    assert growth(grown) == pytest.approx(0.0)


def test_short_processes_show_no_slope() -> None:
    assert growth(samples(1, 100, 6.0, ages=range(0, 150, 5))) is None


def test_the_first_minutes_of_the_run_do_not_count() -> None:
    assert growth(samples(0, 100, 6.0, ages=range(0, 600, 5))) is None
