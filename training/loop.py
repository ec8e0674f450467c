"""The loop that the three trainings share: batches in, steps down, a checkpoint now and then."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from time import perf_counter
from typing import Any, TypeVar

import cv2
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from training.state import TrainingState, device, one_cycle

Batch = TypeVar("Batch")

# The threads of OpenCV's pool are not there after a fork, and a child that waits for them waits for ever.
cv2.setNumThreads(1)

SAVED_EVERY = 240.0  # seconds
WORTH_A_PROCESS = 20  # steps; starting one takes as long as some


@dataclass(frozen=True, slots=True)
class Schedule:
    """How far and how fast."""

    seed: int
    epochs: int
    steps: int  # an epoch
    rate: float  # the highest
    average: float  # of the moving average of the weights, a step
    warm: float = 0.05  # share of the run in which the rate rises


def epochs(
    state: TrainingState,
    batches: Dataset[Batch],
    cost: Callable[[Any, Batch], tuple[Tensor, dict[str, float]]],
    schedule: Schedule,
    save: Callable[[], None],
    *,
    until: int | None = None,
) -> Iterator[dict[str, float]]:
    """Trains up to epoch `until` (default: all), and yields the means of what `cost` told of each.

    Batch `step` and what dropout draws there depend on the seed alone, so a run that was cut off in the
    middle of an epoch comes to the weights of an unbroken one.
    """
    last = schedule.epochs if until is None else until
    saved = perf_counter()
    while state.epoch < last:
        state.network.train()
        left = range(state.steps, (state.epoch + 1) * schedule.steps)
        for batch in _shown(batches, left, state.epoch, schedule):
            _step(state, batch, cost, schedule)
            if perf_counter() - saved > SAVED_EVERY:
                save()
                saved = perf_counter()
        means = {name: value / schedule.steps for name, value in state.sums.items()}
        state.epoch, state.sums = state.epoch + 1, {}
        yield means


def moved(batch: Batch, where: torch.device) -> Batch:
    """The dataclass of tensors `batch` on another device."""
    tensors = {field.name: getattr(batch, field.name) for field in fields(batch)}  # type: ignore[arg-type]
    there = {name: tensor.to(where, non_blocking=True) for name, tensor in tensors.items()}
    return replace(batch, **there)  # type: ignore[type-var]


def mixed(where: torch.device) -> torch.autocast:
    """Bfloat16 where a GPU has it; on the CPUs that were tried it gained nothing."""
    has_it = where.type == "cuda" and torch.cuda.is_bf16_supported()
    return torch.autocast(where.type, torch.bfloat16, enabled=has_it)


def _shown(batches: Dataset[Batch], left: Sequence[int], epoch: int, schedule: Schedule) -> Iterator[Batch]:
    """The batches of the steps that are left of an epoch, behind a progress bar."""
    loader = DataLoader(
        batches, batch_size=None, sampler=left, num_workers=_workers(left), worker_init_fn=_one_thread
    )
    title = f"epoch {epoch + 1} of {schedule.epochs}"
    done = schedule.steps - len(left)
    return iter(tqdm(loader, title, schedule.steps, initial=done, leave=False, mininterval=2))


def _step(
    state: TrainingState,
    batch: Batch,
    cost: Callable[[nn.Module, Batch], tuple[Tensor, dict[str, float]]],
    schedule: Schedule,
) -> None:
    torch.manual_seed(schedule.seed * 1_000_003 + state.steps)
    where = device()
    with mixed(where):
        loss, parts = cost(state.network, moved(batch, where))
    progress = state.steps / (schedule.epochs * schedule.steps)
    state.step(loss, schedule.rate * one_cycle(progress, schedule.warm), decay=schedule.average)
    state.sums = {name: state.sums.get(name, 0.0) + value for name, value in parts.items()}


def _workers(left: Sequence[int]) -> int:
    """One process beside the network's is enough for a CPU; a GPU wants all that there are."""
    if len(left) <= WORTH_A_PROCESS:
        return 0
    return (os.cpu_count() or 1) if device().type == "cuda" else 1


def _one_thread(_worker: int) -> None:
    torch.set_num_threads(1)
