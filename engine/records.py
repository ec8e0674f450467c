"""Records of the pipeline, in its order: Frame -> Face -> Track -> FaceCrop -> Reading -> Span.

Boxes and points are ratios of the frame's width and height (0..1), times are nanoseconds of media time
unless the name ends in `_at` (UTC). Records that carry arrays compare by identity; the arrays are
read-only.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.labels import Label
from ingest.frame import Clock

Floats = NDArray[np.float32]

# Why a reading has no label.
AbstainReason = Literal["small", "blurred", "turned", "unsure"]

CoverageKind = Literal["observed", "no_face", "low_quality", "dropped", "decode_error", "disconnected"]


@dataclass(frozen=True, slots=True)
class Box:
    """A bounding box as ratios of the frame; it may reach beyond the frame."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A detected face."""

    box: Box
    score: float  # 0..1
    landmarks: Floats  # (5, 2) in the order of labels.LANDMARKS


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One person while they stay in view. A source never reuses a number."""

    source: str
    number: int  # from 1
    face: Face
    first_seen: int  # ns
    last_seen: int  # ns


@dataclass(frozen=True, slots=True, eq=False)
class FaceCrop:
    """An aligned face, the input of both ResNets."""

    source: str
    track: int
    pixels: NDArray[np.uint8]  # (96, 96) grey
    to_frame: Floats  # (2, 3) affine: pixels of the crop to pixels of the frame
    quality: float  # 0..1; see engine.stages.quality
    flaw: AbstainReason | None  # why the networks cannot read the crop, if so


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """Outputs of both ResNets for one crop."""

    keypoints: Floats  # (15, 2) pixels of the crop, in the order of labels.KEYPOINTS
    distribution: Floats  # (7,) probabilities in the order of labels.LABELS


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One face at one moment."""

    source: str
    track: int
    connection: int  # identifies the frame together with `frame`, see ingest.frame.Frame
    frame: int  # of a recording Frame.picture, else Frame.number
    media_time: int  # ns
    captured_at: datetime | None
    clock: Clock | None
    result_at: datetime | None  # None when the source is a recording
    box: Box
    keypoints: Floats  # (15, 2) ratios of the frame
    raw: Floats  # (7,) this frame alone
    smoothed: Floats  # (7,) after the causal filter
    label: Label | None  # None where the networks abstained
    abstained: AbstainReason | None
    quality: float  # 0..1
    model: str  # version of the emotion network


@dataclass(frozen=True, slots=True)
class FaceStart:
    """A face that comes into view."""

    source: str
    track: int
    media_time: int  # ns
    captured_at: datetime | None
    box: Box


@dataclass(frozen=True, slots=True)
class FaceEnd:
    """A face that has left the view."""

    source: str
    track: int
    first_seen: int  # ns
    last_seen: int  # ns
    readings: int


@dataclass(frozen=True, slots=True)
class Span:
    """Successive readings of one track with the same label."""

    source: str
    track: int
    label: Label
    started: int  # ns
    ended: int  # ns
    started_at: datetime | None
    ended_at: datetime | None
    confidence: float  # 0..1, mean smoothed probability of the label over the span


@dataclass(frozen=True, slots=True)
class Coverage:
    """A segment of a source's time. The segments of a source add up to all of its time."""

    source: str
    kind: CoverageKind
    started: int  # ns
    ended: int  # ns
    started_at: datetime | None
    ended_at: datetime | None
    frames: int  # read, or for `dropped` lost


@dataclass(frozen=True, slots=True, eq=False)
class Second:
    """Readings of one face in one second of media time."""

    source: str
    track: int
    started: int  # ns, a whole second
    captured_at: datetime | None  # of its first reading
    readings: int
    smoothed: Floats  # (7,) mean
    label: Label | None  # the most frequent; None where most readings have none


Event = FaceStart | Reading | FaceEnd | Span | Coverage
