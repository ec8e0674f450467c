"""Names the bottleneck, and what would relieve it. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from deploy.bench.cameras import COMES, LOST, Step
from deploy.bench.stages import Stage, shares

FULL = 0.85  # of what it may use, from which a part counts as busy all the time

QUIET = 0.1  # of the cores that other programs may keep busy without a word

RELIEF = {
    "decode": "fewer pictures a second or smaller ones from the camera (its second stream), or more cores",
    "transfer": "smaller pictures, or a Redis for a part of the shards each",
    "detect": "a GPU, more shards on further cores, or fewer readings a second",
    "crop": "more shards on further cores, or fewer readings a second",
    "keypoints": "a GPU, more shards on further cores, or fewer readings a second",
    "emotion": "a GPU, more shards on further cores, or fewer readings a second",
    "timeline": "more shards on further cores, or fewer readings a second",
    "websocket": "a second `mien api` process for a part of the clients",
}
ENGINE = ("detect", "crop", "keypoints", "emotion", "timeline")


def bottleneck(stages: Sequence[Stage], faces: float, steps: Sequence[Step], cores: int) -> str:
    """One line. `faces`: in a picture. `steps`: the last one is the first that did not keep up, if any."""
    costs, last = _by_name(stages, faces), steps[-1]
    return _named(costs, last, cores) + _disturbed(last, cores)


def _named(costs: Mapping[str, float], last: Step, cores: int) -> str:
    if last.keeps_up:
        name = _dearest(costs, costs)
        return f"none with up to {last.cameras} cameras; first will be {_relieved(name, costs)}"
    if last.came < COMES * last.due and last.lost <= LOST * last.came:
        return f"ingest, {_state(last, 'ingest', cores)}: {_relieved('decode', costs)}"
    name = _dearest(ENGINE, costs)
    return f"the engine, {_state(last, 'engine', cores)}: above all {_relieved(name, costs)}"


def _by_name(stages: Sequence[Stage], faces: float) -> dict[str, float]:
    """The shares of the usual stages, each under its name without a batch."""
    found = shares(list(stages), faces)
    return {stage.name.partition("_")[0]: found[stage.name] for stage in stages if stage.usual}


def _dearest(names: Iterable[str], costs: Mapping[str, float]) -> str:
    return max(names, key=lambda name: costs[name])


def _state(step: Step, part: str, cores: int) -> str:
    """How busy the machine, or the part, was."""
    if sum(step.cores.values()) >= FULL * cores:
        return f"with {step.cameras} cameras and all of {cores} cores busy"
    return f"with {step.cameras} cameras and {step.cores[part]:.1f} of {cores} cores for itself"


def _disturbed(step: Step, cores: int) -> str:
    if step.others <= QUIET * cores:
        return ""
    return f"; other programs kept {step.others:.1f} of {cores} cores busy: measure again without them"


def _relieved(name: str, costs: Mapping[str, float]) -> str:
    return f"{name} ({costs[name]:.0%} of a picture's time); {RELIEF[name]} would relieve it"
