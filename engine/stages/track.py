"""Follows faces from frame to frame by overlap and motion. Pure: time comes with the frame.

Each track carries a constant-velocity estimate of its box (an alpha-beta filter: Benedict and Bordner 1962).
Faces go to the track whose predicted box they overlap most; a track survives MEMORY without a face, moving on
meanwhile, so that somebody who walks behind somebody else keeps their number. Where nobody looked, since
frames were dropped or are far apart, a track that was seen just before survives UNWATCHED.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from engine.records import Box, Face, Track
from ingest.pace import SECOND

MEMORY = SECOND  # a track unseen for longer has ended
UNWATCHED = 3 * SECOND  # the same for one that was seen in the frame before, however long that is ago
UNSURE_BY = 0.12  # what may lack in the score of a face that prolongs a track, where it was expected: a guess
LEAST_MATCH = 0.4  # overlap (below) with the predicted box: a gap of half a face's width
LEAST_UNSURE_MATCH = 0.75  # the same for an unsure face: an IoU of a half
DOUBT = 0.3  # what a second unseen costs in overlap: who is in front, and seen, goes before who is hidden

# Alpha-beta gains: how much of a surprise goes into position and velocity. Detections are steady (a few
# percent of the box), so the position follows closely; the velocity must not turn at an occlusion's edge.
ALPHA = 0.85
BETA = 0.35
SIZE_GAIN = 0.4


@dataclass(frozen=True, slots=True)
class _Estimate:
    """Where a track is and where it is going; ratios of the frame, velocities per second."""

    number: int  # 0 while it is not yet a track
    hits: int
    first_seen: int
    last_seen: int
    x: float
    y: float
    width: float
    height: float
    velocity_x: float = 0.0
    velocity_y: float = 0.0

    def at(self, time: int) -> Box:
        """The predicted box at `time` (ns)."""
        elapsed = (time - self.last_seen) / SECOND
        x, y = self.x + self.velocity_x * elapsed, self.y + self.velocity_y * elapsed
        return Box(x - self.width / 2, y - self.height / 2, x + self.width / 2, y + self.height / 2)

    def seen(self, box: Box, time: int) -> "_Estimate":
        """The estimate after a face was found at `box`."""
        elapsed = max((time - self.last_seen) / SECOND, 1e-3)
        predicted = self.at(time)
        innovation_x = (box.left + box.right - predicted.left - predicted.right) / 2
        innovation_y = (box.top + box.bottom - predicted.top - predicted.bottom) / 2
        beta = 1.0 if self.hits == 1 else BETA  # the second sighting gives the first velocity
        return replace(
            self,
            hits=self.hits + 1,
            last_seen=time,
            x=(predicted.left + predicted.right) / 2 + ALPHA * innovation_x,
            y=(predicted.top + predicted.bottom) / 2 + ALPHA * innovation_y,
            width=self.width + SIZE_GAIN * (box.right - box.left - self.width),
            height=self.height + SIZE_GAIN * (box.bottom - box.top - self.height),
            velocity_x=self.velocity_x + beta * innovation_x / elapsed,
            velocity_y=self.velocity_y + beta * innovation_y / elapsed,
        )


@dataclass(frozen=True, slots=True)
class TrackUpdate:
    """What one frame did to the tracks of its source."""

    visible: list[Track]
    ended: list[int]  # numbers of tracks that are over


class Tracker:
    """The tracks of one source."""

    def __init__(self, source: str, new_track_score: float) -> None:
        """`new_track_score`: score of a face that begins a track; the detector's card says it."""
        self._source = source
        self._starts_from = new_track_score
        self._next_number = 1
        self._looked_at = 0  # ns; the newest frame
        self._estimates: list[_Estimate] = []

    def update(self, faces: Sequence[Face], time: int) -> TrackUpdate:
        """Takes the faces of the frame at `time` (ns); call in order of time."""
        ended = self._forget(time)
        self._looked_at = time
        matched = self._match(faces, time)
        visible, kept = [], []
        for index, estimate in enumerate(self._estimates):
            face = matched.get(index)
            if face is not None:
                estimate = self._number(estimate.seen(face.box, time), face)
                if estimate.number:
                    visible.append(self._track(estimate, face))
            if face is not None or estimate.number:  # what is not yet a track must be seen in every frame
                kept.append(estimate)
        taken = {id(face) for face in matched.values()}
        for face in faces:
            if id(face) not in taken:
                estimate = self._number(_begin(face, time), face)
                kept.append(estimate)
                if estimate.number:
                    visible.append(self._track(estimate, face))
        self._estimates = kept
        return TrackUpdate(visible=visible, ended=ended)

    def end_all(self) -> list[int]:
        """Ends all tracks: the source stopped, or starts anew."""
        ended = [estimate.number for estimate in self._estimates if estimate.number]
        self._estimates = []
        return ended

    def state(self) -> dict[str, Any]:
        """What `restored` needs to go on from here, as JSON types."""
        return {
            "next_number": self._next_number,
            "looked_at": self._looked_at,
            "estimates": [asdict(estimate) for estimate in self._estimates],
        }

    @classmethod
    def restored(cls, source: str, new_track_score: float, state: dict[str, Any]) -> "Tracker":
        tracker = cls(source, new_track_score)
        tracker._next_number = state["next_number"]
        tracker._looked_at = state["looked_at"]
        tracker._estimates = [_Estimate(**fields) for fields in state["estimates"]]
        return tracker

    def _forget(self, time: int) -> list[int]:
        over = [estimate for estimate in self._estimates if self._is_over(estimate, time)]
        self._estimates = [estimate for estimate in self._estimates if not self._is_over(estimate, time)]
        return [estimate.number for estimate in over if estimate.number]

    def _is_over(self, estimate: _Estimate, time: int) -> bool:
        missed = estimate.last_seen < self._looked_at
        return time - estimate.last_seen > (MEMORY if missed else UNWATCHED)

    def _match(self, faces: Sequence[Face], time: int) -> dict[int, Face]:
        """Pairs estimates (by index) with faces, best overlap first."""
        pairs = []
        for index, estimate in enumerate(self._estimates):
            predicted, unseen = estimate.at(time), (time - estimate.last_seen) / SECOND
            for face in faces:
                score = giou(predicted, face.box)
                if score >= (LEAST_MATCH if face.score >= self._starts_from else LEAST_UNSURE_MATCH):
                    pairs.append((score - DOUBT * unseen, index, face))
        pairs.sort(key=lambda pair: (-pair[0], pair[1]))
        matched: dict[int, Face] = {}
        taken: set[int] = set()
        for _, index, face in pairs:
            if index not in matched and id(face) not in taken:
                matched[index] = face
                taken.add(id(face))
        return matched

    def _number(self, estimate: _Estimate, face: Face) -> _Estimate:
        """Makes a track of what was seen surely; it began when it was first seen, but not long ago."""
        if estimate.number or face.score < self._starts_from:
            return estimate
        began = max(estimate.first_seen, estimate.last_seen - MEMORY)
        numbered = replace(estimate, number=self._next_number, first_seen=began)
        self._next_number += 1
        return numbered

    def _track(self, estimate: _Estimate, face: Face) -> Track:
        return Track(
            source=self._source,
            number=estimate.number,
            face=face,
            first_seen=estimate.first_seen,
            last_seen=estimate.last_seen,
        )


class NoTracking(Tracker):
    """For still pictures: every face is a track of its own."""

    def update(self, faces: Sequence[Face], time: int) -> TrackUpdate:
        ended = self.end_all()
        certain = [face for face in faces if face.score >= self._starts_from]
        self._estimates = [
            replace(_begin(face, time), number=number)
            for number, face in enumerate(certain, self._next_number)
        ]
        self._next_number += len(certain)
        visible = [
            self._track(estimate, face) for estimate, face in zip(self._estimates, certain, strict=True)
        ]
        return TrackUpdate(visible=visible, ended=ended)


def _begin(face: Face, time: int) -> _Estimate:
    box = face.box
    return _Estimate(
        number=0,
        hits=1,
        first_seen=time,
        last_seen=time,
        x=(box.left + box.right) / 2,
        y=(box.top + box.bottom) / 2,
        width=box.right - box.left,
        height=box.bottom - box.top,
    )


def giou(one: Box, other: Box) -> float:
    """Intersection over union, less what the smallest box around both leaves empty.

    Generalised IoU (Rezatofighi et al. 2019), moved from -1..1 to 0..1: boxes that just touch give 0.5.
    """
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    shared = max(width, 0.0) * max(height, 0.0)
    union = _area(one) + _area(other) - shared
    around = (max(one.right, other.right) - min(one.left, other.left)) * (
        max(one.bottom, other.bottom) - min(one.top, other.top)
    )
    if union <= 0 or around <= 0:
        return 0.0
    return (1 + shared / union - (around - union) / around) / 2


def _area(box: Box) -> float:
    return max(box.right - box.left, 0.0) * max(box.bottom - box.top, 0.0)
