"""State of a training run, saved in a checkpoint: settings, weights, their average, the optimizer."""

import copy
import math
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self, TypeVar

import torch
from torch import Tensor, nn

MAX_GRADIENT_NORM = 5.0


class SettingsError(Exception):
    """A settings file has unknown keys or lacks some."""


class CheckpointMismatchError(Exception):
    """A checkpoint belongs to a run with other settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """Settings that every run has; the files in training/runs/ explain each."""

    seed: int
    epochs: int
    learning_rate: float  # at its peak
    warmup: float  # share of the run in which the learning rate rises
    weight_decay: float
    ema_decay: float  # of the moving average of the weights, per step


Settings = TypeVar("Settings", bound=RunSettings)


def read_settings(path: Path, kind: type[Settings]) -> Settings:
    """Read a run's TOML file. Raises SettingsError unless its keys are exactly the fields of `kind`."""
    values = tomllib.loads(path.read_text())
    names = {field.name for field in fields(kind)}
    if unknown := sorted(values.keys() - names):
        known = ", ".join(sorted(names))
        raise SettingsError(f"{path}: unknown setting {', '.join(unknown)}; the known ones are {known}")
    if missing := sorted(names - values.keys()):
        raise SettingsError(f"{path}: add the missing setting {', '.join(missing)}")
    return kind(**values)


def device() -> torch.device:
    """Return the GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def warmup_cosine(progress: float, warmup: float) -> float:
    """Return the share of the peak learning rate at `progress` (0..1): linear warmup, then cosine decay."""
    if progress < warmup:
        return 0.04 + 0.96 * progress / warmup
    return max(0.5 * (1 + math.cos(math.pi * (progress - warmup) / (1 - warmup))), 1e-3)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read `settings`, `network`, `average`, `optimizer`, `epoch`, `steps`, `history` and `sums`."""
    checkpoint: dict[str, Any] = torch.load(path, map_location=device(), weights_only=True)
    return checkpoint


@dataclass(slots=True)
class TrainingState:
    """A network in training, its optimizer and progress. The moving average of its weights is exported."""

    settings: RunSettings
    checkpoint: Path
    network: nn.Module
    average: nn.Module
    optimizer: torch.optim.Optimizer
    epoch: int = 0  # finished epochs
    steps: int = 0  # finished steps
    history: list[dict[str, float]] = field(default_factory=list)  # metrics of each finished epoch
    sums: dict[str, float] = field(default_factory=dict)  # of the metrics in the unfinished epoch

    @classmethod
    def begin(
        cls,
        settings: RunSettings,
        build: Callable[[], nn.Module],
        optimizer: Callable[[Iterator[nn.Parameter]], torch.optim.Optimizer],
        checkpoint: Path,
        start: Path | None = None,
    ) -> Self:
        """Resume the run of `checkpoint` if that file exists, else start with the network that `build` makes.

        `start` names the checkpoint of another run, whose averaged weights replace the random ones. Raises
        CheckpointMismatchError if `checkpoint` was made with other settings.
        """
        torch.manual_seed(settings.seed)
        network = build()
        if start is not None:
            network.load_state_dict(read_checkpoint(start)["average"])
        network.to(device(), memory_format=torch.channels_last)  # type: ignore[call-overload]
        average = copy.deepcopy(network).eval().requires_grad_(False)
        state = cls(settings, checkpoint, network, average, optimizer(network.parameters()))
        if checkpoint.exists():
            state._load()
        return state

    def step(self, loss: Tensor, learning_rate: float) -> None:
        """Take one optimizer step down `loss` and update the moving average of the weights."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), MAX_GRADIENT_NORM)
        self.optimizer.step()
        self.steps += 1
        # A smaller decay in the first steps, so that the average soon forgets the untrained weights.
        decay = min(self.settings.ema_decay, (1 + self.steps) / (10 + self.steps))
        weights = zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True)
        with torch.no_grad():
            for average, latest in weights:
                if average.is_floating_point():
                    average.lerp_(latest, 1 - decay)
                else:
                    average.copy_(latest)

    def record(self, metrics: dict[str, float]) -> None:
        """Add the metrics of a finished epoch to the history, save the checkpoint and print them."""
        self.history.append(metrics)
        self.save()
        print(f"epoch {self.epoch}: {format_metrics(metrics)}", flush=True)

    def save(self) -> None:
        """Write the checkpoint, atomically: a killed run leaves the previous one."""
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        partial = self.checkpoint.with_suffix(".partial")
        modules = {name: getattr(self, name).state_dict() for name in ("network", "average", "optimizer")}
        progress = {name: getattr(self, name) for name in ("epoch", "steps", "history", "sums")}
        torch.save({"settings": asdict(self.settings), **modules, **progress}, partial)
        partial.replace(self.checkpoint)

    def _load(self) -> None:
        saved = read_checkpoint(self.checkpoint)
        for name, value in asdict(self.settings).items():
            if (old := saved["settings"].get(name)) != value:
                difference = f"{name} = {old}, and this run {value}"
                raise CheckpointMismatchError(f"{self.checkpoint} has {difference}; delete it to start again")
        for name in ("network", "average", "optimizer"):
            getattr(self, name).load_state_dict(saved[name])
        for name in ("epoch", "steps", "history", "sums"):
            setattr(self, name, saved[name])


def format_metrics(metrics: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())
