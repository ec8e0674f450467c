"""What a training run carries from step to step, kept in a checkpoint."""

import copy
import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self, TypeVar

import torch
from torch import Tensor, nn

Settings = TypeVar("Settings")


class CheckpointMismatchError(Exception):
    """A checkpoint belongs to a run with other settings."""


def read_settings(path: Path, kind: type[Settings]) -> Settings:
    """A run's settings from its TOML file; TypeError when it holds others than `kind` has."""
    return kind(**tomllib.loads(path.read_text()))


def device() -> torch.device:
    """The GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def one_cycle(progress: float, warm: float = 0.05) -> float:
    """Share of the highest learning rate at `progress` 0..1 of the run: up in a line, down in a cosine."""
    if progress < warm:
        return 0.04 + 0.96 * progress / warm
    return max(0.5 * (1 + math.cos(math.pi * (progress - warm) / (1 - warm))), 1e-3)


def averaged(checkpoint: Path) -> dict[str, Tensor]:
    """The averaged weights of a run, to begin another one with."""
    weights: dict[str, Tensor] = torch.load(checkpoint, map_location=device(), weights_only=True)["average"]
    return weights


def kept_settings(checkpoint: Path, kind: type[Settings]) -> Settings:
    """The settings of the run that left a checkpoint."""
    return kind(**torch.load(checkpoint, map_location=device(), weights_only=True)["settings"])


@dataclass(slots=True)
class TrainingState:
    """The network, the moving average of its weights (which ships), the optimiser, and how far they are."""

    network: nn.Module
    average: nn.Module
    optimizer: torch.optim.Optimizer
    epoch: int  # done
    steps: int  # done
    history: list[dict[str, float]]  # one row an epoch, for the curves
    sums: dict[str, float]  # of what the steps of the unfinished epoch told

    @classmethod
    def start(cls, network: nn.Module, optimizer: torch.optim.Optimizer) -> Self:
        average = copy.deepcopy(network).eval().requires_grad_(False)
        return cls(network, average, optimizer, epoch=0, steps=0, history=[], sums={})

    def step(self, loss: Tensor, rate: float, *, decay: float) -> None:
        """One step down `loss` at the learning rate `rate`; the average follows by 1 - decay."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimizer.step()
        self.steps += 1
        decay = min(decay, (1 + self.steps) / (10 + self.steps))  # so that the first steps are soon forgotten
        with torch.no_grad():
            for ours, theirs in zip(
                self.average.state_dict().values(), self.network.state_dict().values(), strict=True
            ):
                if ours.is_floating_point():
                    ours.lerp_(theirs, 1 - decay)
                else:
                    ours.copy_(theirs)

    def save(self, path: Path, settings: Any) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        torch.save(
            {
                "settings": asdict(settings),
                "network": self.network.state_dict(),
                "average": self.average.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "epoch": self.epoch,
                "steps": self.steps,
                "history": self.history,
                "sums": self.sums,
            },
            partial,
        )
        partial.replace(path)

    def load(self, path: Path, settings: Any) -> None:
        """Goes on from a checkpoint; CheckpointMismatchError when it was made with other settings."""
        kept = torch.load(path, map_location=device(), weights_only=True)
        _refuse_other(kept["settings"], settings, path)
        self.network.load_state_dict(kept["network"])
        self.average.load_state_dict(kept["average"])
        self.optimizer.load_state_dict(kept["optimizer"])
        self.epoch, self.steps = kept["epoch"], kept["steps"]
        self.history, self.sums = kept["history"], kept["sums"]


def _refuse_other(kept: Mapping[str, Any], settings: Any, path: Path) -> None:
    for field in fields(settings):
        actual, expected = kept.get(field.name), getattr(settings, field.name)
        if actual != expected:
            raise CheckpointMismatchError(
                f"{path}: expected {field.name} = {expected}, actual {actual}; remove it to start anew"
            )
