"""Contract of the runtimes that run the networks, and the errors that they raise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.card import Card

PrecisionName = Literal["auto", "fp32"]

Tensors = dict[str, NDArray[np.float32]]
Pixels = NDArray[np.uint8] | NDArray[np.float32]  # whole values 0..255 where they are bytes


class Runtime(Protocol):
    """One network, or several with the same input, ready to run."""

    def run(self, inputs: Mapping[str, Pixels]) -> Tensors:
        """Return the named outputs for the named inputs, both with the batch as first axis.

        Pixels may be bytes unless the card asks to scale them. Raises DeviceLostError.
        """


class Accelerator(Protocol):
    """A faster runtime. It is prepared while another one serves, and replaces it between two batches."""

    @property
    def status(self) -> str:
        """One sentence for the log and /readyz."""

    def start(self) -> None:
        """Prepare the runtime in a thread, while the other one serves."""

    def use_built(self) -> None:
        """Replace the other runtime now if all is built, so that one runtime reads a whole recording."""

    def close(self) -> None:
        """Stop the preparation, and release the device."""


@dataclass(frozen=True, slots=True)
class Cards:
    """The cards of the three networks."""

    detector: Card
    keypoints: Card
    emotion: Card


@dataclass(frozen=True, slots=True)
class LoadedNetworks:
    """The three networks in a runtime."""

    cards: Cards  # of the weights that run
    detector: Runtime  # `frames` in; `score`, `box` and `landmark` out, see engine.stages.detect
    resnets: Runtime  # `crops` in; `keypoints` and `logits` out, see engine.stages.classify
    accelerator: Accelerator | None = None  # not started


class Backend(Protocol):
    """A module or object that loads the networks into one runtime: an entry of engine.runtimes.registry."""

    def check(self) -> None:
        """Raise NoGpuError unless this machine has what the runtime needs."""

    def load(self, cards: Cards, threads: int, precision: PrecisionName) -> LoadedNetworks:
        """Load the weights; `threads`: CPU threads for each network."""


class GpuError(Exception):
    """The GPU cannot do its work; the message says why, in one line."""


class NoGpuError(GpuError):
    """The driver, the GPU or a library that it needs is missing."""


class OutOfMemoryError(GpuError):
    """The GPU's memory is too small; smaller batches may fit."""


class DeviceLostError(GpuError):
    """The GPU, or this process's context on it, is gone: only a new process can use it again."""
