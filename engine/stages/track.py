"""Tracks faces from frame to frame by overlap and motion. Pure: time comes with the frame.

Each track predicts its box at constant velocity (an alpha-beta filter: Benedict and Bordner 1962), and takes
the face that overlaps the prediction most. It survives MAX_OCCLUSION without a face, and moves on meanwhile,
so that a person who walks behind another one keeps their number.

Published trackers (SORT, ByteTrack, OC-SORT) count in frames at a constant rate. Here frames are dropped
under load and time counts, and the state is committed as JSON with the results; so the tracker is our own.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from engine.records import Box, Face, Track
from ingest.pace import SECOND

MAX_OCCLUSION = SECOND  # a track without a face for longer has ended
MAX_GAP = 3 * SECOND  # the same for a track with a face in the frame before, if no frame came since
LOW_SCORE_MARGIN = 0.12  # faces that score up to this much below new_track_score prolong tracks; a guess
MIN_GIOU = 0.4  # of a face with the predicted box: a gap of half a face's width
MIN_LOW_SCORE_GIOU = 0.75  # the same for a face below new_track_score: an IoU of a half
OCCLUSION_COST = 0.3  # of GIoU per second without a face: a visible track goes before a hidden one

# Alpha-beta gains: shares of the innovation that go into position and velocity. Detections are steady (a few
# percent of the box), so the position follows closely; the velocity must not turn as an occlusion begins.
ALPHA = 0.85
BETA = 0.35
SIZE_GAIN = 0.4


@dataclass(frozen=True, slots=True)
class _Estimate:
    """Position, size and velocity of a track; ratios of the frame, velocities per second."""

    number: int  # 0 until a face scores new_track_score
    hits: int
    first_seen: int
    last_seen: int
    x: float
    y: float
    width: float
    height: float
    velocity_x: float = 0.0
    velocity_y: float = 0.0

    @classmethod
    def of(cls, box: Box, time: int) -> "_Estimate":
        x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
        return cls(0, 1, time, time, x, y, box.right - box.left, box.bottom - box.top)

    def predict(self, time: int) -> Box:
        """Return the box at `time` (ns)."""
        elapsed = (time - self.last_seen) / SECOND
        x, y = self.x + self.velocity_x * elapsed, self.y + self.velocity_y * elapsed
        return Box(x - self.width / 2, y - self.height / 2, x + self.width / 2, y + self.height / 2)

    def correct(self, box: Box, time: int) -> "_Estimate":
        """Return the estimate after a face was detected at `box`."""
        elapsed = max((time - self.last_seen) / SECOND, 1e-3)
        predicted = self.predict(time)
        innovation_x = (box.left + box.right - predicted.left - predicted.right) / 2
        innovation_y = (box.top + box.bottom - predicted.top - predicted.bottom) / 2
        beta = 1.0 if self.hits == 1 else BETA  # the second face gives the first velocity
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
    """Changes that one frame made to the tracks of its source."""

    visible: list[Track]
    ended: list[int]  # track numbers


class Tracker:
    """Tracks of one source."""

    def __init__(self, source: str, new_track_score: float) -> None:
        """`new_track_score`: a face with this score begins a track; from the detector's card."""
        self._source = source
        self._new_track_score = new_track_score
        self._next_number = 1
        self._last_frame = 0  # ns
        self._estimates: list[_Estimate] = []

    def update(self, faces: Sequence[Face], time: int) -> TrackUpdate:
        """Add the faces of the frame at `time` (ns); call in order of time."""
        ended = self._end_lost(time)
        self._last_frame = time
        pairs = [(self._numbered(estimate, face), face) for estimate, face in self._assign(faces, time)]
        # An estimate without a number must have a face in every frame.
        self._estimates = [estimate for estimate, face in pairs if face or estimate.number]
        visible = [self._track(estimate, face) for estimate, face in pairs if face and estimate.number]
        return TrackUpdate(visible, ended)

    def end_all(self) -> list[int]:
        """End all tracks when the source stops or connects again; return their numbers."""
        ended = [estimate.number for estimate in self._estimates if estimate.number]
        self._estimates = []
        return ended

    def state(self) -> dict[str, Any]:
        """Return the state for `restored`, as JSON types."""
        return {
            "next_number": self._next_number,
            "looked_at": self._last_frame,
            "estimates": [asdict(estimate) for estimate in self._estimates],
        }

    @classmethod
    def restored(cls, source: str, new_track_score: float, state: dict[str, Any]) -> "Tracker":
        tracker = cls(source, new_track_score)
        tracker._next_number = state["next_number"]
        tracker._last_frame = state["looked_at"]
        tracker._estimates = [_Estimate(**fields) for fields in state["estimates"]]
        return tracker

    def _end_lost(self, time: int) -> list[int]:
        lost = [estimate for estimate in self._estimates if self._is_lost(estimate, time)]
        self._estimates = [estimate for estimate in self._estimates if not self._is_lost(estimate, time)]
        return [estimate.number for estimate in lost if estimate.number]

    def _is_lost(self, estimate: _Estimate, time: int) -> bool:
        occluded = estimate.last_seen < self._last_frame
        return time - estimate.last_seen > (MAX_OCCLUSION if occluded else MAX_GAP)

    def _assign(self, faces: Sequence[Face], time: int) -> list[tuple[_Estimate, Face | None]]:
        """Return all estimates, each with its face, then a new one for each face that is left."""
        matches = self._match(faces, time)
        pairs: list[tuple[_Estimate, Face | None]] = []
        for index, estimate in enumerate(self._estimates):
            face = matches.get(index)
            pairs.append((estimate if face is None else estimate.correct(face.box, time), face))
        matched = {id(face) for face in matches.values()}
        return pairs + [(_Estimate.of(face.box, time), face) for face in faces if id(face) not in matched]

    def _match(self, faces: Sequence[Face], time: int) -> dict[int, Face]:
        """Match estimates (by index) with faces, the best overlap first."""
        matches: dict[int, Face] = {}
        matched: set[int] = set()
        for _, index, face in sorted(self._candidates(faces, time), key=lambda each: (-each[0], each[1])):
            if index not in matches and id(face) not in matched:
                matches[index] = face
                matched.add(id(face))
        return matches

    def _candidates(self, faces: Sequence[Face], time: int) -> list[tuple[float, int, Face]]:
        """Return all pairs that overlap enough: their merit, the estimate's index, the face."""
        candidates = []
        for index, estimate in enumerate(self._estimates):
            predicted, unseen = estimate.predict(time), (time - estimate.last_seen) / SECOND
            for face in faces:
                overlap = giou(predicted, face.box)
                if overlap >= (MIN_GIOU if face.score >= self._new_track_score else MIN_LOW_SCORE_GIOU):
                    candidates.append((overlap - OCCLUSION_COST * unseen, index, face))
        return candidates

    def _numbered(self, estimate: _Estimate, face: Face | None) -> _Estimate:
        """Make a track of an estimate whose face scores enough; it began when it was first seen."""
        if face is None or estimate.number or face.score < self._new_track_score:
            return estimate
        began = max(estimate.first_seen, estimate.last_seen - MAX_OCCLUSION)
        numbered = replace(estimate, number=self._next_number, first_seen=began)
        self._next_number += 1
        return numbered

    def _track(self, estimate: _Estimate, face: Face) -> Track:
        return Track(self._source, estimate.number, face, estimate.first_seen, estimate.last_seen)


class NoTracking(Tracker):
    """Makes each face a track of its own, for still pictures."""

    def update(self, faces: Sequence[Face], time: int) -> TrackUpdate:
        ended = self.end_all()
        certain = [face for face in faces if face.score >= self._new_track_score]
        self._estimates = [self._numbered(_Estimate.of(face.box, time), face) for face in certain]
        tracks = [self._track(*pair) for pair in zip(self._estimates, certain, strict=True)]
        return TrackUpdate(tracks, ended)


def giou(one: Box, other: Box) -> float:
    """Return the generalised IoU (Rezatofighi et al. 2019), moved from -1..1 to 0..1.

    It is the IoU less the empty share of the smallest box around both: boxes that just touch give 0.5.
    """
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    intersection = max(width, 0.0) * max(height, 0.0)
    union = _area(one) + _area(other) - intersection
    hull = (max(one.right, other.right) - min(one.left, other.left)) * (
        max(one.bottom, other.bottom) - min(one.top, other.top)
    )
    if union <= 0 or hull <= 0:
        return 0.0
    return (1 + intersection / union - (hull - union) / hull) / 2


def _area(box: Box) -> float:
    return max(box.right - box.left, 0.0) * max(box.bottom - box.top, 0.0)
