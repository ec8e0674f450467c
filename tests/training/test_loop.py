"""The loop resumes in the middle of an epoch, and yields the means of whole ones."""

from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from signal import SIGKILL
from threading import Event

import pytest
import torch
from torch import Tensor, nn

from tests.waiting import until
from training.loop import Batches, to_device, train_epochs
from training.state import RunSettings, TrainingState

SETTINGS = RunSettings(seed=1, epochs=2, learning_rate=0.1, warmup=0.05, weight_decay=0.0, ema_decay=0.5)


@dataclass(frozen=True, slots=True)
class NumberBatch:
    values: Tensor


class NumberBatches(Batches[NumberBatch]):
    """Batch `step` is the step's number, three times; may fail or hang at one step."""

    steps_per_epoch = 4

    def __init__(self, *, fails_at: int | None = None, hangs_at: int | None = None) -> None:
        self.fails_at = fails_at
        self.hangs_at = hangs_at

    def __getitem__(self, step: int) -> NumberBatch:
        if step == self.fails_at:
            raise KeyboardInterrupt
        if step == self.hangs_at:
            Event().wait()
        return NumberBatch(torch.full((3, 2), float(step)))


def loss_of(network: nn.Module, batch: NumberBatch) -> tuple[Tensor, dict[str, float]]:
    loss = network(batch.values).square().mean()
    return loss, {"loss": loss.item(), "step": batch.values.mean().item()}


def state_of(checkpoint: Path) -> TrainingState:
    return TrainingState.begin(
        SETTINGS,
        lambda: nn.Sequential(nn.Linear(2, 4), nn.Dropout(0.5), nn.Linear(4, 1)),
        partial(torch.optim.SGD, lr=0.1, momentum=0.9),
        checkpoint,
    )


def train(state: TrainingState, batches: NumberBatches) -> list[dict[str, float]]:
    """Train all epochs with a checkpoint after each step; return their metrics."""
    return list(train_epochs(state, batches, loss_of, save_interval=0.0))


def assert_same_average(state: TrainingState, other: TrainingState) -> None:
    for name, weights in state.average.state_dict().items():
        assert torch.equal(other.average.state_dict()[name], weights)


def test_a_run_interrupted_in_an_epoch_resumes_as_if_uninterrupted(tmp_path: Path) -> None:
    uninterrupted = state_of(tmp_path / "uninterrupted.pt")
    metrics = train(uninterrupted, NumberBatches())
    with pytest.raises(KeyboardInterrupt):
        train(state_of(tmp_path / "interrupted.pt"), NumberBatches(fails_at=6))
    resumed = state_of(tmp_path / "interrupted.pt")
    assert resumed.steps == 6
    assert train(resumed, NumberBatches()) == metrics[1:]
    assert_same_average(uninterrupted, resumed)


def train_until_killed(checkpoint: Path) -> None:
    """Train in a process of its own; hang after two steps of the second epoch, which are saved."""
    torch.set_num_threads(1)
    train(state_of(checkpoint), NumberBatches(hangs_at=6))


def test_a_killed_run_resumes_as_if_uninterrupted(tmp_path: Path) -> None:
    checkpoint = tmp_path / "killed.pt"
    process = get_context("spawn").Process(target=train_until_killed, args=(checkpoint,))
    process.start()
    try:
        until(lambda: checkpoint.exists() and state_of(checkpoint).steps == 6, 60, "six steps are saved")
    finally:
        process.kill()
        process.join()
    assert process.exitcode == -SIGKILL
    resumed = state_of(checkpoint)
    train(resumed, NumberBatches())
    uninterrupted = state_of(tmp_path / "uninterrupted.pt")
    train(uninterrupted, NumberBatches())
    assert_same_average(uninterrupted, resumed)


def test_an_epoch_yields_the_means_of_its_steps(tmp_path: Path) -> None:
    state = state_of(tmp_path / "checkpoint.pt")
    metrics = list(train_epochs(state, NumberBatches(), loss_of))
    assert [means["step"] for means in metrics] == [1.5, 5.5]
    assert not (tmp_path / "checkpoint.pt").exists()  # the run is shorter than the save interval


def test_all_tensors_of_a_batch_move_to_a_device() -> None:
    copied = to_device(NumberBatch(torch.ones(2)), torch.device("meta"))
    assert copied.values.device.type == "meta"
