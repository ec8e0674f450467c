"""Real frames through the real networks: batching and restoring do not change the events."""

import json

import pytest

from engine.loading import Networks, load_networks
from engine.pipeline import Pipeline
from engine.records import Coverage, Event, FaceEnd, FaceStart, Reading
from engine.wire import encode_event
from tests.engine.faces import SECOND
from tests.engine.portrait import empty_frame, portrait_frame


@pytest.fixture(scope="module")
def networks() -> Networks:
    return load_networks()


def flat(caused: list[list[Event]]) -> list[Event]:
    return [event for events in caused for event in events]


def bodies(events: list[Event]) -> list[dict[str, object]]:
    """Return the events as clients read them, rounded: the last bits of a probability depend on the batch."""
    return [
        json.loads(encode_event(event).body, parse_float=lambda x: round(float(x), 3)) for event in events
    ]


def test_a_face_starts_is_read_and_ends(networks: Networks) -> None:
    pipeline = Pipeline(networks)
    frames = [portrait_frame(n) for n in range(10)] + [empty_frame(n) for n in range(10, 25)]
    events = flat([pipeline.step([frame])[0] for frame in frames]) + pipeline.finish("lobby", 5 * SECOND // 2)
    assert [event.track for event in events if isinstance(event, FaceStart)] == [1]
    readings = [event for event in events if isinstance(event, Reading)]
    assert [reading.frame for reading in readings] == list(range(10))
    ended = [event for event in events if isinstance(event, FaceEnd)]
    assert [(end.first_seen, end.last_seen, end.readings) for end in ended] == [(0, 9 * SECOND // 10, 10)]
    segments = [(each.kind, each.started, each.ended) for each in events if isinstance(each, Coverage)]
    assert segments == [("observed", 0, SECOND), ("no_face", SECOND, 5 * SECOND // 2)]


def test_a_reading_has_the_position_of_its_face(networks: Networks) -> None:
    events = flat(Pipeline(networks).step([portrait_frame(0)]))
    reading = next(event for event in events if isinstance(event, Reading))
    assert reading.raw.sum() == pytest.approx(1, abs=1e-4)
    assert reading.quality > 0.5
    left, top, right, bottom = (
        reading.box.left * 640,
        reading.box.top * 360,
        reading.box.right * 640,
        reading.box.bottom * 360,
    )
    # The face lies at x 120..190, y 50..125 of the portrait, which begins at x = 20.
    assert 120 < left < 160
    assert 185 < right < 225
    assert 25 < top < 75
    assert 105 < bottom < 150
    assert (reading.keypoints[:, 0] * 640 > left - 5).all()
    assert (reading.keypoints[:, 0] * 640 < right + 5).all()
    eyes, lip = reading.keypoints[:2, 1].mean(), reading.keypoints[14, 1]
    assert eyes < reading.keypoints[10, 1] < lip
    assert reading.keypoints[0, 0] > reading.keypoints[1, 0]  # the subject's left eye is at the right


def test_the_same_frames_give_the_same_rows_however_they_are_batched(networks: Networks) -> None:
    frames = [portrait_frame(n, source=source) for n in range(12) for source in ("hall", "lobby")]
    single, batched = Pipeline(networks), Pipeline(networks)
    one_by_one = flat([single.step([frame])[0] for frame in frames])
    in_batches = flat([events for n in range(0, 24, 8) for events in batched.step(frames[n : n + 8])])
    assert bodies(in_batches) == bodies(one_by_one)


def test_a_restored_pipeline_gives_the_same_events(networks: Networks) -> None:
    frames = [portrait_frame(n) for n in range(8)] + [empty_frame(n) for n in range(8, 22)]
    whole, first, second = Pipeline(networks), Pipeline(networks), Pipeline(networks)
    unbroken = flat([whole.step([frame])[0] for frame in frames])
    restored = flat([first.step([frame])[0] for frame in frames[:5]])
    second.restore("lobby", first.state("lobby"))
    restored += flat([second.step([frame])[0] for frame in frames[5:]])
    assert bodies(restored) == bodies(unbroken)


def test_a_repeated_frame_is_read_once(networks: Networks) -> None:
    pipeline = Pipeline(networks)
    assert pipeline.step([portrait_frame(0)])[0]
    assert pipeline.step([portrait_frame(0)]) == [[]]


def test_a_new_connection_starts_tracks_anew(networks: Networks) -> None:
    pipeline = Pipeline(networks)
    pipeline.step([portrait_frame(0, connection=1)])
    events = pipeline.step([portrait_frame(0, connection=2)])[0]
    assert [event.track for event in events if isinstance(event, FaceEnd)] == [1]
    assert [event.track for event in events if isinstance(event, FaceStart)] == [2]


def test_still_pictures_have_no_tracks_in_common(networks: Networks) -> None:
    pipeline = Pipeline(networks, tracking=False)
    events = flat(pipeline.step([portrait_frame(0), portrait_frame(1)]))
    assert [event.track for event in events if isinstance(event, Reading)] == [1, 2]
