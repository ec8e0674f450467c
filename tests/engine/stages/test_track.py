"""Tracks survive an occlusion of a second and a crossing, and never swap."""

import json
from itertools import pairwise

import pytest

from engine.records import Box, Face
from engine.stages.track import NoTracking, Tracker, giou
from tests.engine.faces import SECOND, face

SURE = 0.82  # score of a face that begins a track


def follow(tracker: Tracker, moments: list[tuple[float, list[Face]]]) -> list[dict[int, Face]]:
    """Return the visible tracks of each moment (seconds, faces)."""
    return [
        {track.number: track.face for track in tracker.update(faces, round(time * SECOND)).visible}
        for time, faces in moments
    ]


def test_a_face_that_moves_keeps_its_number() -> None:
    seen = follow(Tracker("lobby", SURE), [(n / 10, [face(0.1 + 0.03 * n)]) for n in range(25)])
    assert [list(tracks) for tracks in seen] == [[1]] * 25


def test_a_face_starts_a_track_only_with_the_score_of_a_new_one() -> None:
    sure = follow(Tracker("lobby", SURE), [(0, [face(0.5, score=0.9)])])
    assert list(sure[0]) == [1]
    unsure = follow(Tracker("lobby", SURE), [(n / 10, [face(0.5, score=0.75)]) for n in range(20)])
    assert not any(unsure)


def test_a_face_with_a_lower_score_prolongs_a_track() -> None:
    moments = [(0, [face(0.5)])] + [(n / 10, [face(0.5, score=0.75)]) for n in range(1, 20)]
    assert [list(tracks) for tracks in follow(Tracker("lobby", SURE), moments)] == [[1]] * 20


def test_a_face_with_a_lower_score_beside_a_track_does_not_prolong_it() -> None:
    moments = [(0, [face(0.5)]), (0.1, [face(0.56, score=0.75)]), (0.2, [face(0.56, score=0.75)])]
    assert [list(tracks) for tracks in follow(Tracker("lobby", SURE), moments)] == [[1], [], []]


@pytest.mark.parametrize(("unsure", "began"), [(5, 0.0), (30, 2.0)])
def test_a_track_began_when_its_face_was_first_seen_but_not_long_ago(unsure: int, began: float) -> None:
    tracker = Tracker("lobby", SURE)
    for n in range(unsure):
        tracker.update([face(0.5, score=0.75)], n * SECOND // 10)
    track = tracker.update([face(0.5)], unsure * SECOND // 10).visible[0]
    assert track.first_seen == began * SECOND


def test_a_face_below_the_score_of_a_new_track_is_forgotten_in_one_frame_without_it() -> None:
    tracker = Tracker("lobby", SURE)
    tracker.update([face(0.5, score=0.75)], 0)
    tracker.update([], SECOND // 10)
    assert tracker.update([face(0.5)], SECOND // 5).visible[0].first_seen == SECOND // 5


def test_a_track_survives_nearly_a_second_unseen_while_it_moves() -> None:
    walk = [(n / 10, [face(0.1 + 0.02 * n)]) for n in range(10)]
    again = [(1.8 + n / 10, [face(0.46 + 0.02 * n)]) for n in range(5)]
    seen = follow(Tracker("lobby", SURE), walk + [(n / 10, []) for n in range(10, 18)] + again)
    assert {number for tracks in seen for number in tracks} == {1}
    assert list(seen[-1]) == [1]


def test_a_track_ends_after_more_than_a_second_and_its_number_is_not_used_again() -> None:
    tracker = Tracker("lobby", SURE)
    tracker.update([face(0.5)], 0)
    assert tracker.update([], SECOND).ended == []  # a frame without the face
    assert tracker.update([], SECOND + 1).ended == [1]
    assert [track.number for track in tracker.update([face(0.5)], 2 * SECOND).visible] == [2]


def test_a_track_survives_two_seconds_in_which_no_frame_came() -> None:
    seen = follow(Tracker("lobby", SURE), [(n, [face(0.5)]) for n in (0.0, 0.1, 2.1, 4.1)])
    assert [list(tracks) for tracks in seen] == [[1]] * 4


def test_a_track_ends_after_a_long_time_in_which_no_frame_came() -> None:
    seen = follow(Tracker("lobby", SURE), [(n, [face(0.5)]) for n in (0.0, 3.0, 6.1)])
    assert [list(tracks) for tracks in seen] == [[1], [1], [2]]


def test_a_track_that_was_missed_before_the_gap_ends() -> None:
    tracker = Tracker("lobby", SURE)
    tracker.update([face(0.5)], 0)
    tracker.update([], SECOND // 10)
    assert tracker.update([face(0.5)], 2 * SECOND).ended == [1]


def test_two_people_who_cross_keep_their_numbers() -> None:
    """One walks right, one left; when they meet, only the one in front is found."""
    tracker = Tracker("lobby", SURE)
    owners: dict[int, set[str]] = {}
    for n in range(40):
        x_one, x_two = 0.1 + 0.02 * n, 0.9 - 0.02 * n
        hidden = abs(x_one - x_two) < 0.08
        faces = [face(x_two, 0.52)] if hidden else [face(x_one), face(x_two, 0.52)]
        for track in tracker.update(faces, n * SECOND // 10).visible:
            owner = "two" if track.face is faces[-1] else "one"
            owners.setdefault(track.number, set()).add(owner)
    assert owners == {1: {"one"}, 2: {"two"}}


def test_a_face_elsewhere_is_another_track() -> None:
    seen = follow(Tracker("lobby", SURE), [(0, [face(0.2)]), (0.1, [face(0.8)])])
    assert [list(tracks) for tracks in seen] == [[1], [2]]


def test_a_restored_tracker_gives_the_same_tracks() -> None:
    moments = [(n / 10, [face(0.1 + 0.02 * n)] if n % 4 else []) for n in range(20)]
    unbroken = follow(Tracker("lobby", SURE), moments)
    first = Tracker("lobby", SURE)
    before = follow(first, moments[:10])
    after = follow(Tracker.restored("lobby", SURE, json.loads(json.dumps(first.state()))), moments[10:])
    assert before + after == unbroken


def test_each_face_of_a_still_picture_is_a_track() -> None:
    seen = follow(NoTracking("album", SURE), [(0, [face(0.2), face(0.8)]), (0, [face(0.2)])])
    assert [list(tracks) for tracks in seen] == [[1, 2], [3]]


@pytest.mark.parametrize("other", [Box(0.0, 0.0, 0.2, 0.2), Box(0.1, 0.0, 0.3, 0.2), Box(0.2, 0.0, 0.4, 0.2)])
def test_overlap_falls_with_distance(other: Box) -> None:
    box = Box(0.0, 0.0, 0.2, 0.2)
    assert giou(box, other) == pytest.approx(giou(other, box))
    values = [giou(box, Box(x, 0.0, x + 0.2, 0.2)) for x in (0.0, 0.1, 0.2, 0.5)]
    assert values[0] == pytest.approx(1.0)
    assert values[2] == pytest.approx(0.5)
    assert all(nearer > further for nearer, further in pairwise(values))
