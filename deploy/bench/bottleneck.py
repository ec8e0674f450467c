"""Bottleneck of a load test, and advice on what would relieve it. No I/O."""

from collections.abc import Iterable, Mapping, Sequence

from deploy.bench.cameras import MAX_LOST, MIN_CAME, Step
from deploy.bench.stages import Stage, shares

BUSY = 0.85  # share of the cores from which the machine counts as fully used
MAX_OTHERS = 0.1  # share of the cores that other programs may use without a warning

MORE_CORES = "more shards on further cores, or fewer readings a second"
RELIEF = {
    "decode": "fewer or smaller frames from the camera (its second stream), or more cores",
    "transfer": "smaller frames, or a Redis for a part of the shards each",
    "detect": f"a GPU, {MORE_CORES}",
    "crop": MORE_CORES,
    "keypoints": f"a GPU, {MORE_CORES}",
    "emotion": f"a GPU, {MORE_CORES}",
    "timeline": MORE_CORES,
    "websocket": "a second `mien api` process for a part of the clients",
}
ENGINE = ("detect", "crop", "keypoints", "emotion", "timeline")


def bottleneck(stages: Sequence[Stage], faces: float, steps: Sequence[Step], cores: int) -> str:
    """Return a line that names the bottleneck in the last of the `steps`; `faces` are those in a frame."""
    costs, last = _by_name(stages, faces), steps[-1]
    return _describe(costs, last, cores) + _interference(last, cores)


def _describe(costs: Mapping[str, float], last: Step, cores: int) -> str:
    if last.keeps_up:
        name = _most_expensive(costs, costs)
        return f"none with up to {last.cameras} cameras; first will be {_remedy(name, costs)}"
    if last.came < MIN_CAME * last.due and last.lost <= MAX_LOST * last.came:
        return f"ingest, {_state(last, 'ingest', cores)}: {_remedy('decode', costs)}"
    name = _most_expensive(ENGINE, costs)
    return f"the engine, {_state(last, 'engine', cores)}: above all {_remedy(name, costs)}"


def _by_name(stages: Sequence[Stage], faces: float) -> dict[str, float]:
    """Return the share of each stage that counts, by its name without the batch size."""
    found = shares(list(stages), faces)
    return {stage.name.partition("_")[0]: found[stage.name] for stage in stages if stage.counts}


def _most_expensive(names: Iterable[str], costs: Mapping[str, float]) -> str:
    return max(names, key=lambda name: costs[name])


def _state(step: Step, part: str, cores: int) -> str:
    """Describe the load of the machine, or of the part."""
    if sum(step.cores.values()) >= BUSY * cores:
        return f"with {step.cameras} cameras and all of {cores} cores busy"
    return f"with {step.cameras} cameras and {step.cores[part]:.1f} of {cores} cores in use"


def _interference(step: Step, cores: int) -> str:
    if step.others <= MAX_OTHERS * cores:
        return ""
    return f"; other programs used {step.others:.1f} of {cores} cores: measure again without them"


def _remedy(name: str, costs: Mapping[str, float]) -> str:
    return f"{name} ({costs[name]:.0%} of a frame's time); {RELIEF[name]} would relieve it"
