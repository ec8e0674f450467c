"""All stages in order: detect, track, crop, classify, timeline. Live sources and recordings share them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from engine.loading import Networks
from engine.records import (
    Coverage,
    CoverageKind,
    Event,
    Expression,
    Face,
    FaceCrop,
    FaceEnd,
    FaceStart,
    Floats,
    Reading,
    Track,
)
from engine.stages.coverage import SourceCoverage
from engine.stages.crop import align, crop_face, crop_transform, transform_points
from engine.stages.quality import assess
from engine.stages.timeline import RawReading, SmoothedReading, TrackTimeline
from engine.stages.track import NoTracking, Tracker
from ingest.frame import Frame
from ingest.pace import SECOND


class BadStateError(Exception):
    """A saved state is damaged or of another version."""


@dataclass(slots=True)
class _SourceState:
    """State of the stages that remember a source."""

    tracker: Tracker
    coverage: SourceCoverage
    timelines: dict[int, TrackTimeline]  # of the open tracks
    connection: int | None = None
    view: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _TrackedFrame:
    """One frame between tracking and classification."""

    frame: Frame
    tracks: list[Track]
    crops: list[FaceCrop]  # one per track
    ended: list[int]  # track numbers
    coverage: list[Coverage]  # segments that the frame closed


class Pipeline:
    """Turns the frames of any number of sources into events."""

    def __init__(self, networks: Networks, *, tracking: bool = True) -> None:
        self._networks = networks
        self._tracker: type[Tracker] = Tracker if tracking else NoTracking
        self._sources: dict[str, _SourceState] = {}

    @property
    def status(self) -> str:
        """Status of the runtime, for /readyz; empty where it has no accelerator."""
        accelerator = self._networks.accelerator
        return "" if accelerator is None else accelerator.status

    def detect(self, frames: Sequence[Frame]) -> list[list[Face]]:
        """Return the faces of each frame, for `step`; stateless, so it may run ahead in another thread."""
        return self._networks.detector.detect([frame.grey for frame in frames])

    def step(self, frames: Sequence[Frame], faces: list[list[Face]] | None = None) -> list[list[Event]]:
        """Run frames, each source's in order, through all stages; return the events of each frame in order.

        A frame that was added before (same connection, number not higher) has no events. `faces`: the result
        of `detect` for these frames, if it was called before.
        """
        faces = self.detect(frames) if faces is None else faces
        tracked = [self._track(frame, found) for frame, found in zip(frames, faces, strict=True)]
        crops = [crop for each in tracked if each for crop in each.crops]
        expressions = iter(self._networks.classifier.classify(crops))
        return [
            self._events(each, [next(expressions) for _ in each.crops]) if each else [] for each in tracked
        ]

    def pause(self, source: str) -> list[Event]:
        """End the open tracks and segments of a live source without frames; its next frame resumes it."""
        state = self._state_of(source)
        return [*_end_tracks(state, state.tracker.end_all()), *state.coverage.pause()]

    def finish(
        self, source: str, ended: int, *, pictures_end: int | None = None, damaged: bool = False
    ) -> list[Event]:
        """End a source at `ended` (ns): its open spans and tracks, and the coverage up to there.

        `pictures_end`: ns, the end of the last picture; `damaged`: it could not be decoded after the last
        frame.
        """
        state = self._state_of(source)
        events = _end_tracks(state, state.tracker.end_all())
        events += state.coverage.finish(ended, pictures_end=pictures_end, damaged=damaged)
        del self._sources[source]
        return events

    def state(self, source: str) -> bytes:
        """Return the state of a source for `restore` in another process."""
        state = self._state_of(source)
        fields = {
            "connection": state.connection,
            "view": state.view,
            "tracker": state.tracker.state(),
            "coverage": state.coverage.state(),
            "timelines": {number: timeline.state() for number, timeline in state.timelines.items()},
        }
        return json.dumps(fields, separators=(",", ":")).encode()

    def restore(self, source: str, state: bytes) -> None:
        """Continue from the state of another process. Raises BadStateError."""
        try:
            fields = json.loads(state)
            self._sources[source] = _SourceState(
                tracker=self._tracker.restored(source, self._networks.new_track_score, fields["tracker"]),
                coverage=SourceCoverage.restored(source, fields["coverage"]),
                timelines={
                    int(number): TrackTimeline.restored(source, int(number), timeline)
                    for number, timeline in fields["timelines"].items()
                },
                connection=fields["connection"],
                view=fields.get("view", 0),
            )
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise BadStateError(f"{source}: not a state of this version: {error!r}") from error

    def sources(self) -> list[str]:
        """Return the sources that have a state."""
        return list(self._sources)

    def forget(self, source: str) -> None:
        """Drop the state of a source that was removed, or will be restored from Redis."""
        self._sources.pop(source, None)

    def _state_of(self, source: str) -> _SourceState:
        if source not in self._sources:
            tracker = self._tracker(source, self._networks.new_track_score)
            self._sources[source] = _SourceState(tracker, SourceCoverage(source), {})
        return self._sources[source]

    def _track(self, frame: Frame, faces: list[Face]) -> _TrackedFrame | None:
        state = self._state_of(frame.source)
        if state.coverage.is_repeated(frame):
            return None
        same = (frame.connection, frame.view) == (state.connection, state.view)
        ended = [] if same else state.tracker.end_all()
        state.connection, state.view = frame.connection, frame.view
        update = state.tracker.update(faces, frame.media_time)
        crops = [_crop(frame, track) for track in update.visible]
        coverage = state.coverage.add(frame, _coverage_kind(crops))
        return _TrackedFrame(frame, update.visible, crops, ended + update.ended, coverage)

    def _events(self, tracked: _TrackedFrame, expressions: list[Expression]) -> list[Event]:
        frame, state = tracked.frame, self._state_of(tracked.frame.source)
        events: list[Event] = [*tracked.coverage, *_end_tracks(state, tracked.ended)]
        for track, crop, expression in zip(tracked.tracks, tracked.crops, expressions, strict=True):
            if track.number not in state.timelines:
                state.timelines[track.number] = TrackTimeline(track.source, track.number, track.first_seen)
                events.append(_face_start(frame, track))
            raw = RawReading(frame.media_time, frame.captured_at, expression.distribution, crop.flaw)
            smoothed, spans = state.timelines[track.number].add(raw)
            events += [*spans, self._reading(frame, track, crop, expression, smoothed)]
        return events

    def _reading(
        self, frame: Frame, track: Track, crop: FaceCrop, expression: Expression, smoothed: SmoothedReading
    ) -> Reading:
        return Reading(
            source=frame.source,
            track=track.number,
            connection=frame.connection,
            frame=frame.number if frame.picture is None else frame.picture,
            media_time=frame.media_time,
            captured_at=frame.captured_at,
            clock=frame.clock,
            result_at=None,
            box=track.face.box,
            keypoints=_to_ratios(transform_points(expression.keypoints, crop.to_frame), frame),
            raw=expression.distribution,
            smoothed=smoothed.distribution,
            label=smoothed.label,
            abstained=smoothed.abstained,
            quality=crop.quality,
            model=self._networks.classifier.model,
        )


def _crop(frame: Frame, track: Track) -> FaceCrop:
    height, width = frame.grey.shape
    landmarks = np.asarray(track.face.landmarks * (width, height) - 0.5, dtype=np.float32)
    alignment = align(landmarks)
    to_frame = crop_transform(alignment)
    pixels = crop_face(frame.grey, to_frame)
    quality = assess(pixels, landmarks, alignment)
    return FaceCrop(frame.source, track.number, pixels, to_frame, quality.value, quality.flaw)


def _coverage_kind(crops: list[FaceCrop]) -> CoverageKind:
    if not crops:
        return "no_face"
    return "observed" if any(crop.flaw is None for crop in crops) else "low_quality"


def _face_start(frame: Frame, track: Track) -> FaceStart:
    age = timedelta(seconds=(frame.media_time - track.first_seen) / SECOND)
    first_seen_at = frame.captured_at and frame.captured_at - age
    return FaceStart(track.source, track.number, track.first_seen, first_seen_at, track.face.box)


def _end_tracks(state: _SourceState, numbers: list[int]) -> list[Event]:
    events: list[Event] = []
    for number in numbers:
        timeline = state.timelines.pop(number, None)
        if timeline is not None:
            events += timeline.end()
            seen = timeline.first_seen, timeline.last_seen
            events.append(FaceEnd(timeline.source, number, *seen, timeline.readings))
    return events


def _to_ratios(points: Floats, frame: Frame) -> Floats:
    """Convert pixels (centres at whole numbers) to ratios of the frame."""
    height, width = frame.grey.shape
    return np.asarray((points + 0.5) / (width, height), dtype=np.float32)
