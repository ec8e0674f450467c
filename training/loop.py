"""The training loop that the three networks share: batches, steps, and a checkpoint at intervals."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from time import perf_counter
from typing import Any, TypeVar

import cv2
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from training.state import TrainingState, device, warmup_cosine

Batch = TypeVar("Batch")
# Takes the network and a batch; returns the loss and metrics.
LossFunction = Callable[[Any, Batch], tuple[Tensor, dict[str, float]]]

# The loader's processes are forked, and OpenCV's thread pool does not survive a fork: a child would deadlock.
cv2.setNumThreads(1)

SAVE_INTERVAL = 240.0  # seconds
MIN_STEPS_FOR_WORKERS = 20  # starting a loader process takes as long as some steps


class Batches(Dataset[Batch]):
    """Batches of a run by step number; a batch depends on the settings and its step alone."""

    steps_per_epoch: int


def train_epochs(
    state: TrainingState,
    batches: Batches[Batch],
    loss_of: LossFunction[Batch],
    *,
    until: int | None = None,
    save_interval: float = SAVE_INTERVAL,
) -> Iterator[dict[str, float]]:
    """Train up to epoch `until` (default: all) and yield each epoch's means of the metrics of `loss_of`.

    Batches and dropout depend on the seed and the step alone, so a run that was interrupted in the middle of
    an epoch and resumed gives the weights of an uninterrupted one.
    """
    last = state.settings.epochs if until is None else until
    saved = perf_counter()
    while state.epoch < last:
        state.network.train()
        for batch in _rest_of_epoch(state, batches):
            _step(state, batch, loss_of, batches.steps_per_epoch)
            if perf_counter() - saved > save_interval:
                state.save()
                saved = perf_counter()
        means = {name: value / batches.steps_per_epoch for name, value in state.sums.items()}
        state.epoch, state.sums = state.epoch + 1, {}
        yield means


def to_device(batch: Batch, target: torch.device) -> Batch:
    """Copy a batch, which is a dataclass of tensors, to another device."""
    tensors = {field.name: getattr(batch, field.name) for field in fields(batch)}  # type: ignore[arg-type]
    copies = {name: tensor.to(target, non_blocking=True) for name, tensor in tensors.items()}
    return replace(batch, **copies)  # type: ignore[type-var]


def autocast(target: torch.device) -> torch.autocast:
    """Compute in bfloat16 on a GPU that has it; on the CPUs that were tried it gained nothing."""
    has_bfloat16 = target.type == "cuda" and torch.cuda.is_bf16_supported()
    return torch.autocast(target.type, torch.bfloat16, enabled=has_bfloat16)


def _rest_of_epoch(state: TrainingState, batches: Batches[Batch]) -> Iterator[Batch]:
    """Load the batches of the current epoch's unfinished steps, behind a progress bar."""
    total = batches.steps_per_epoch
    steps = range(state.steps, (state.epoch + 1) * total)
    loader = DataLoader(
        batches, batch_size=None, sampler=steps, num_workers=_workers(steps), worker_init_fn=_use_one_thread
    )
    title = f"epoch {state.epoch + 1} of {state.settings.epochs}"
    return iter(tqdm(loader, title, total, initial=total - len(steps), leave=False, mininterval=2))


def _step(state: TrainingState, batch: Batch, loss_of: LossFunction[Batch], steps_per_epoch: int) -> None:
    settings, target = state.settings, device()
    torch.manual_seed(settings.seed * 1_000_003 + state.steps)
    with autocast(target):
        loss, metrics = loss_of(state.network, to_device(batch, target))
    progress = state.steps / (settings.epochs * steps_per_epoch)
    state.step(loss, settings.learning_rate * warmup_cosine(progress, settings.warmup))
    state.sums = {name: state.sums.get(name, 0.0) + value for name, value in metrics.items()}


def _workers(steps: Sequence[int]) -> int:
    """Return the number of loader processes: one is enough beside a CPU; a GPU needs all cores."""
    if len(steps) <= MIN_STEPS_FOR_WORKERS:
        return 0
    return (os.cpu_count() or 1) if device().type == "cuda" else 1


def _use_one_thread(_worker: int) -> None:
    torch.set_num_threads(1)
