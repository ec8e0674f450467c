"""The summary of a recording, as in summary.json: faces, coverage, shares of labels, speed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, get_args

from engine.labels import LABELS, Label
from engine.recording import RecordingReader
from engine.records import AbstainReason, Coverage, CoverageKind, Event, FaceEnd, Reading
from engine.wire import seconds
from ingest.bus.wire import rfc3339
from ingest.files.damage import Damage
from ingest.files.recording import Recording
from ingest.files.stills import Still
from ingest.pace import SECOND
from ingest.video_streams import StreamInfo

COVERAGE_KINDS: tuple[CoverageKind, ...] = get_args(CoverageKind)


@dataclass(frozen=True, slots=True)
class Facts:
    """Properties of an input, and of the run that read it."""

    source: str  # the file's name
    kind: str  # video, picture, pictures
    duration: int  # ns; 0 for pictures
    width: int | None  # pixels; None for pictures of several sizes
    height: int | None
    frames_decoded: int
    rate: float | None  # readings a second; None: every frame
    elapsed: float  # seconds of work
    models: Mapping[str, str]  # network to version
    damage: tuple[Damage, ...]
    interrupted: bool
    created_at: str | None = None  # RFC 3339; the wall clock at media time 0
    stream: int | None = None  # number of the video stream; None for pictures
    other_streams: tuple[StreamInfo, ...] = ()  # video streams that were not read


def video_facts(
    recording: Recording, reader: RecordingReader, source: str, elapsed: float, models: Mapping[str, str]
) -> Facts:
    """Return the facts of a video that `reader` has read."""
    return Facts(
        source=source,
        kind="video",
        duration=reader.position,
        width=recording.width,
        height=recording.height,
        frames_decoded=recording.frames_decoded,
        rate=recording.rate,
        elapsed=elapsed,
        models=models,
        damage=tuple(recording.damage),
        interrupted=reader.interrupted,
        created_at=rfc3339(recording.created),
        stream=recording.stream,
        other_streams=tuple(recording.other_streams),
    )


def picture_facts(still: Still, source: str, elapsed: float, models: Mapping[str, str]) -> Facts:
    """Return the facts of one still picture."""
    height, width, _ = still.colour.shape
    return Facts(
        source=source,
        kind="picture",
        duration=0,
        width=width,
        height=height,
        frames_decoded=1,
        rate=None,
        elapsed=elapsed,
        models=models,
        damage=still_damage(still, source),
        interrupted=False,
    )


def still_damage(still: Still, source: str) -> tuple[Damage, ...]:
    return (Damage(0, 0, f"{source}: damaged picture"),) if still.damaged else ()


@dataclass(slots=True)
class _TrackTotals:
    source: str
    first_seen: int
    last_seen: int
    readings: int = 0
    labels: Counter[Label] = field(default_factory=Counter)
    abstained: Counter[AbstainReason] = field(default_factory=Counter)


class Summary:
    """Counts events as they come; its memory grows only with the number of tracks."""

    def __init__(self) -> None:
        self._tracks: dict[tuple[str, int], _TrackTotals] = {}
        self._coverage: Counter[CoverageKind] = Counter()  # ns
        self._frames: Counter[CoverageKind] = Counter()

    @property
    def faces(self) -> int:
        return len(self._tracks)

    @property
    def readings(self) -> int:
        return sum(track.readings for track in self._tracks.values())

    def add(self, event: Event) -> None:
        match event:
            case Reading():
                self._count(event)
            case FaceEnd(source, track, first_seen, last_seen) if (source, track) in self._tracks:
                totals = self._tracks[source, track]
                totals.first_seen, totals.last_seen = first_seen, last_seen
            case Coverage(kind=kind):
                self._coverage[kind] += event.ended - event.started
                self._frames[kind] += event.frames

    def _count(self, reading: Reading) -> None:
        key = (reading.source, reading.track)
        totals = self._tracks.get(key)
        if totals is None:
            totals = _TrackTotals(reading.source, reading.media_time, reading.media_time)
            self._tracks[key] = totals
        totals.last_seen = max(totals.last_seen, reading.media_time)
        totals.readings += 1
        if reading.label is not None:
            totals.labels[reading.label] += 1
        elif reading.abstained is not None:
            totals.abstained[reading.abstained] += 1

    def to_json(self, facts: Facts) -> dict[str, Any]:
        """The summary as JSON types: times in seconds, coverage also in percent of the time.

        The percentages of still pictures, which have no time, are of the pictures.
        """
        weights = self._coverage if facts.duration else self._frames
        return {
            "source": facts.source,
            "kind": facts.kind,
            "duration": seconds(facts.duration),
            "width": facts.width,
            "height": facts.height,
            "created_at": facts.created_at,
            "clock": None if facts.created_at is None else "container",
            "rate": "all" if facts.rate is None else facts.rate,
            "stream": facts.stream,
            "other_streams": [asdict(stream) for stream in facts.other_streams],
            "frames_decoded": facts.frames_decoded,
            "faces": self.faces,
            "readings": self.readings,
            "coverage": {kind: seconds(self._coverage[kind]) for kind in COVERAGE_KINDS},
            "coverage_percent": percentages({kind: weights[kind] for kind in COVERAGE_KINDS}),
            "tracks": [_track(number, totals) for (_, number), totals in self._tracks.items()],
            "elapsed": round(facts.elapsed, 3),
            "speed": _speed(facts),
            "models": dict(facts.models),
            "damage": [_damage(damage) for damage in facts.damage],
            "interrupted": facts.interrupted,
        }


def percentages(parts: Mapping[CoverageKind, int]) -> dict[str, float]:
    """Percentages with one decimal that add up to exactly 100 (largest remainder); all 0 for a sum of 0."""
    total = sum(parts.values())
    if not total:
        return dict.fromkeys(parts, 0.0)
    exact = {kind: 1000 * part / total for kind, part in parts.items()}
    tenths = {kind: int(share) for kind, share in exact.items()}
    by_remainder = sorted(exact, key=lambda kind: tenths[kind] - exact[kind])
    for kind in by_remainder[: 1000 - sum(tenths.values())]:
        tenths[kind] += 1
    return {kind: share / 10 for kind, share in tenths.items()}


def _track(number: int, totals: _TrackTotals) -> dict[str, Any]:
    """The track's totals. Its shares are of all readings: with those that abstained they add up to 1."""
    return {
        "track": number,
        "source": totals.source,
        "first_seen": seconds(totals.first_seen),
        "last_seen": seconds(totals.last_seen),
        "readings": totals.readings,
        "share": {label: round(totals.labels[label] / totals.readings, 4) for label in LABELS},
        "abstained": dict(sorted(totals.abstained.items())),
    }


def describe_damage(damage: Sequence[Damage]) -> str:
    """A sentence with the first damaged interval and the number of others; empty without damage."""
    if not damage:
        return ""
    first, *others = damage
    where = f" from {first.started / SECOND:.2f} s to {first.ended / SECOND:.2f} s" if first.ended else ""
    more = f", and in {len(others)} more places" if others else ""
    return f"damaged{where}: {first.reason}{more}"


def _damage(damage: Damage) -> dict[str, Any]:
    return {"started": seconds(damage.started), "ended": seconds(damage.ended), "reason": damage.reason}


def _speed(facts: Facts) -> float | None:
    """Times real time; None for still pictures."""
    if not facts.duration or facts.elapsed <= 0:
        return None
    return round(facts.duration / SECOND / facts.elapsed, 2)
