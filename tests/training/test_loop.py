"""The loop goes on in the middle of an epoch, tells the means of whole ones, and keeps to its schedule."""

from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from signal import SIGKILL
from threading import Event

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from tests.waiting import until
from training import loop
from training.loop import Schedule, epochs, moved
from training.state import TrainingState

SCHEDULE = Schedule(seed=1, epochs=2, steps=4, rate=0.1, average=0.5)


@dataclass(frozen=True, slots=True)
class Numbers:
    values: Tensor


class Batches(Dataset[Numbers]):
    """Batch `step` is the step's number, three times; may fail at one, or never come to an end there."""

    def __init__(self, *, fails_at: int | None = None, hangs_at: int | None = None) -> None:
        self.fails_at = fails_at
        self.hangs_at = hangs_at

    def __getitem__(self, step: int) -> Numbers:
        if step == self.fails_at:
            raise KeyboardInterrupt
        if step == self.hangs_at:
            Event().wait()
        return Numbers(torch.full((3, 2), float(step)))


@dataclass(frozen=True, slots=True)
class Run:
    seed: int = 1


def cost(network: nn.Module, batch: Numbers) -> tuple[Tensor, dict[str, float]]:
    loss = network(batch.values).square().mean()
    return loss, {"loss": loss.item(), "step": batch.values.mean().item()}


def state_of(checkpoint: Path) -> tuple[TrainingState, Callable[[], None]]:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 4), nn.Dropout(0.5), nn.Linear(4, 1))
    state = TrainingState.start(network, torch.optim.SGD(network.parameters(), 0.1, momentum=0.9))
    if checkpoint.exists():
        state.load(checkpoint, Run())
    return state, lambda: state.save(checkpoint, Run())


def test_a_run_cut_off_amid_an_epoch_goes_on_as_if_unbroken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "SAVED_EVERY", 0.0)
    unbroken, save = state_of(tmp_path / "unbroken.pt")
    whole = list(epochs(unbroken, Batches(), cost, SCHEDULE, save))
    broken, save = state_of(tmp_path / "broken.pt")
    with pytest.raises(KeyboardInterrupt):
        list(epochs(broken, Batches(fails_at=6), cost, SCHEDULE, save))
    resumed, save = state_of(tmp_path / "broken.pt")
    assert resumed.steps == 6
    assert list(epochs(resumed, Batches(), cost, SCHEDULE, save)) == whole[1:]
    for name, weights in unbroken.average.state_dict().items():
        assert torch.equal(resumed.average.state_dict()[name], weights)


def train_until_killed(checkpoint: Path) -> None:
    """Runs in a process of its own; hangs where two steps of the second epoch are done and saved."""
    torch.set_num_threads(1)
    loop.SAVED_EVERY = 0.0
    state, save = state_of(checkpoint)
    list(epochs(state, Batches(hangs_at=6), cost, SCHEDULE, save))


def test_a_run_that_is_killed_goes_on_as_if_unbroken(tmp_path: Path) -> None:
    checkpoint = tmp_path / "killed.pt"
    process = get_context("spawn").Process(target=train_until_killed, args=(checkpoint,))
    process.start()
    try:
        until(lambda: checkpoint.exists() and state_of(checkpoint)[0].steps == 6, 60, "six steps are saved")
    finally:
        process.kill()
        process.join()
    assert process.exitcode == -SIGKILL
    resumed, save = state_of(checkpoint)
    list(epochs(resumed, Batches(), cost, SCHEDULE, save))
    unbroken, save = state_of(tmp_path / "unbroken.pt")
    list(epochs(unbroken, Batches(), cost, SCHEDULE, save))
    for name, weights in unbroken.average.state_dict().items():
        assert torch.equal(resumed.average.state_dict()[name], weights)


def test_an_epoch_tells_the_means_of_its_steps(tmp_path: Path) -> None:
    state, save = state_of(tmp_path / "checkpoint.pt")
    told = list(epochs(state, Batches(), cost, SCHEDULE, save))
    assert [means["step"] for means in told] == [1.5, 5.5]
    assert not (tmp_path / "checkpoint.pt").exists()  # nobody waited so long


def test_a_batch_moves_as_a_whole() -> None:
    there = moved(Numbers(torch.ones(2)), torch.device("meta"))
    assert there.values.device.type == "meta"
