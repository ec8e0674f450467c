"""Plan of the faults of a run: which, when, at what. Pure; a seed gives the same plan each time."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["kill", "stop", "pause", "cut", "flood", "fill", "clock"]

PARTS = ("redis", "engine", "ingest", "decoder", "jobs", "api")


def _each(kind: Kind, targets: Sequence[str]) -> list[tuple[Kind, str]]:
    return [(kind, target) for target in targets]


# A round of faults, each once; kills and stops have a part as their target, cuts a camera.
ROUND: tuple[tuple[Kind, str], ...] = (
    *_each("kill", PARTS),
    *_each("stop", PARTS),
    *_each("cut", ["camera"] * 4),
    ("pause", "redis"),
    ("pause", "redis"),
    ("flood", "api"),
    ("flood", "api"),
    ("fill", "disk"),
    ("clock", "redis"),
)

# Seconds that a fault lasts.
LENGTHS: dict[Kind, float] = {
    "kill": 0.0,
    "stop": 60.0,
    "pause": 12.0,
    "cut": 5.0,
    "flood": 12.0,
    "fill": 12.0,
    "clock": 45.0,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault at a time of the run, in seconds."""

    at: float
    kind: Kind
    target: str

    def __str__(self) -> str:
        return f"{self.kind} {self.target}"


def plan(seed: int, seconds: float, interval: float, left_out: Sequence[Kind] = ()) -> list[Fault]:
    """Return a fault every `interval` seconds: rounds in random order, without the kinds in `left_out`.

    The disk is full only while Redis runs: one that cannot write and is killed loses what it has answered, as
    it does at a power failure. A fault at Redis that would meet a full disk becomes a cut.
    """
    faults: list[Fault] = []
    for kind, target in _rounds(random.Random(seed), left_out):
        fault = Fault((len(faults) + 1) * interval, kind, target)
        if fault.at >= seconds:
            return faults
        faults.append(Fault(fault.at, "cut", "camera") if _loses_data(fault, faults) else fault)
    return faults


def _rounds(rng: random.Random, left_out: Sequence[Kind]) -> Iterator[tuple[Kind, str]]:
    deck = [each for each in ROUND if each[0] not in left_out]
    while True:
        yield from rng.sample(deck, len(deck))


def _loses_data(fault: Fault, before: Sequence[Fault]) -> bool:
    """Return whether the disk is full and Redis is killed or stopped at the same time."""
    lasting = [each for each in before if each.at + LENGTHS[each.kind] > fault.at]
    at_redis = [
        each for each in (*lasting, fault) if each.target == "redis" and each.kind in ("kill", "stop")
    ]
    return bool(at_redis) and any(each.kind == "fill" for each in (*lasting, fault))
