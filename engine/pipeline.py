"""The stages in a row: detect, track, cut, read, draw the timeline. One for live streams and recordings."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

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
from engine.stages.coverage import CoverageKeeper
from engine.stages.crop import align, cut, to_frame, transform
from engine.stages.quality import judge
from engine.stages.timeline import Moment, TrackTimeline
from engine.stages.track import NoTracking, Tracker
from ingest.frame import Frame
from ingest.pace import SECOND


class BadStateError(Exception):
    """What was kept of a source is not what `Pipeline.state` gives: that of another version, or damaged."""


@dataclass(slots=True)
class _Source:
    """What the pipeline remembers of one source."""

    tracker: Tracker
    coverage: CoverageKeeper
    timelines: dict[int, TrackTimeline]  # of the open tracks
    connection: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """One frame between the stages."""

    frame: Frame
    tracks: list[Track]
    crops: list[FaceCrop]  # one a track
    ended: list[int]  # numbers of tracks that are over
    coverage: list[Coverage]  # stretches that are over


class Pipeline:
    """Frames of any number of sources in, events out."""

    def __init__(self, networks: Networks, *, tracking: bool = True) -> None:
        self._networks = networks
        self._tracker: type[Tracker] = Tracker if tracking else NoTracking
        self._sources: dict[str, _Source] = {}

    @property
    def status(self) -> str:
        """Status of the runtime, for /readyz; empty where it has no accelerator."""
        accelerator = self._networks.accelerator
        return "" if accelerator is None else accelerator.status

    def detect(self, frames: Sequence[Frame]) -> list[list[Face]]:
        """The faces of each frame, for `step`. Remembers nothing: it may run ahead in another thread."""
        return self._networks.detector.detect([frame.grey for frame in frames])

    def step(self, frames: Sequence[Frame], faces: list[list[Face]] | None = None) -> list[list[Event]]:
        """Takes frames, each source's in order; gives the events that each frame caused, in order.

        A frame that was there before (same connection, number not higher) causes none. `faces`: what `find`
        gave for these frames, where it was called before.
        """
        faces = self.detect(frames) if faces is None else faces
        seen = [self._follow(frame, found) for frame, found in zip(frames, faces, strict=True)]
        crops = [crop for each in seen if each for crop in each.crops]
        expressions = iter(self._networks.classifier.classify(crops))
        return [self._tell(each, [next(expressions) for _ in each.crops]) if each else [] for each in seen]

    def pause(self, source: str) -> list[Event]:
        """Ends what is open of a live source that gives nothing now; its next frame goes on from there."""
        state = self._of(source)
        return [*self._end_tracks(state, state.tracker.end_all()), *state.coverage.pause()]

    def finish(self, source: str, ended: int, *, damaged: bool = False) -> list[Event]:
        """Ends a source at `ended` (ns): open spans, tracks, and the coverage up to there.

        `damaged` says that the recording broke off after its last frame.
        """
        state = self._of(source)
        events = self._end_tracks(state, state.tracker.end_all())
        events += state.coverage.finish(ended, damaged=damaged)
        del self._sources[source]
        return events

    def state(self, source: str) -> bytes:
        """Where the source stands, for `restore` in another process."""
        state = self._of(source)
        return json.dumps(
            {
                "connection": state.connection,
                "tracker": state.tracker.state(),
                "coverage": state.coverage.state(),
                "timelines": {number: line.state() for number, line in state.timelines.items()},
            },
            separators=(",", ":"),
        ).encode()

    def restore(self, source: str, state: bytes) -> None:
        """Goes on where another process stood. Raises BadStateError."""
        try:
            self._sources[source] = self._restored(source, json.loads(state))
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise BadStateError(f"{source}: not a state of this version: {error!r}") from error

    def sources(self) -> list[str]:
        """The sources that it knows something of."""
        return list(self._sources)

    def knows(self, source: str) -> bool:
        return source in self._sources

    def forget(self, source: str) -> None:
        """Drops what is known of a source without a word: it was removed, or is read anew from the bus."""
        self._sources.pop(source, None)

    def _of(self, source: str) -> _Source:
        if source not in self._sources:
            tracker = self._tracker(source, self._networks.new_track_score)
            self._sources[source] = _Source(tracker, CoverageKeeper(source), {})
        return self._sources[source]

    def _restored(self, source: str, fields: dict[str, Any]) -> _Source:
        return _Source(
            tracker=self._tracker.restored(source, self._networks.new_track_score, fields["tracker"]),
            coverage=CoverageKeeper.restored(source, fields["coverage"]),
            timelines={
                int(number): TrackTimeline.restored(source, int(number), line)
                for number, line in fields["timelines"].items()
            },
            connection=fields["connection"],
        )

    def _follow(self, frame: Frame, faces: list[Face]) -> _Seen | None:
        state = self._of(frame.source)
        if state.coverage.is_repeated(frame):
            return None
        ended = state.tracker.end_all() if frame.connection != state.connection else []
        state.connection = frame.connection
        followed = state.tracker.update(faces, frame.media_time)
        crops = [_cut(frame, track) for track in followed.visible]
        told = state.coverage.add(frame, _kind(crops))
        return _Seen(frame, followed.visible, crops, ended + followed.ended, told)

    def _tell(self, seen: _Seen, expressions: list[Expression]) -> list[Event]:
        state = self._of(seen.frame.source)
        events: list[Event] = [*seen.coverage, *self._end_tracks(state, seen.ended)]
        for track, crop, expression in zip(seen.tracks, seen.crops, expressions, strict=True):
            events += self._read(state, seen.frame, track, crop, expression)
        return events

    def _read(
        self, state: _Source, frame: Frame, track: Track, crop: FaceCrop, expression: Expression
    ) -> list[Event]:
        events: list[Event] = []
        if track.number not in state.timelines:
            state.timelines[track.number] = TrackTimeline(track.source, track.number, track.first_seen)
            first_seen_at = frame.captured_at and frame.captured_at - timedelta(
                seconds=(frame.media_time - track.first_seen) / SECOND
            )
            events.append(
                FaceStart(track.source, track.number, track.first_seen, first_seen_at, track.face.box)
            )
        moment = Moment(frame.media_time, frame.captured_at, expression.distribution, crop.flaw)
        smoothed, spans = state.timelines[track.number].add(moment)
        height, width = frame.grey.shape
        points = to_frame(expression.keypoints, crop.to_frame)
        reading = Reading(
            source=frame.source,
            track=track.number,
            connection=frame.connection,
            frame=frame.number,
            media_time=frame.media_time,
            captured_at=frame.captured_at,
            clock=frame.clock,
            result_at=None,
            box=track.face.box,
            keypoints=_ratios(points, width, height),
            raw=expression.distribution,
            smoothed=smoothed.distribution,
            label=smoothed.label,
            abstained=smoothed.abstained,
            quality=crop.quality,
            model=self._networks.classifier.model,
        )
        return [*events, *spans, reading]

    def _end_tracks(self, state: _Source, numbers: list[int]) -> list[Event]:
        events: list[Event] = []
        for number in numbers:
            line = state.timelines.pop(number, None)
            if line is not None:
                events += line.end()
                events.append(
                    FaceEnd(line.source, number, line.first_seen, line.last_seen, readings=line.readings)
                )
        return events


def _cut(frame: Frame, track: Track) -> FaceCrop:
    height, width = frame.grey.shape
    landmarks = np.asarray(track.face.landmarks * (width, height) - 0.5, dtype=np.float32)
    alignment = align(landmarks)
    to_picture = transform(alignment)
    pixels = cut(frame.grey, to_picture)
    quality = judge(pixels, landmarks, alignment)
    return FaceCrop(
        source=frame.source,
        track=track.number,
        pixels=pixels,
        to_frame=to_picture,
        quality=quality.value,
        flaw=quality.flaw,
    )


def _kind(crops: list[FaceCrop]) -> CoverageKind:
    if not crops:
        return "no_face"
    return "observed" if any(crop.flaw is None for crop in crops) else "low_quality"


def _ratios(points: Floats, width: int, height: int) -> Floats:
    """Pixels (centres at whole numbers) to ratios of the frame."""
    return np.asarray((points + 0.5) / (width, height), dtype=np.float32)
