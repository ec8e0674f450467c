"""Runs batches of any size in lanes of few sizes, and in smaller ones when the GPU's memory is full."""

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import chain
from threading import Lock

import numpy as np
import pycuda.driver as cuda

from engine.runtimes.runtime import OutOfMemoryError, Pixels, Tensors
from engine.runtimes.tensorrt.device import Device
from engine.runtimes.tensorrt.lane import Engine, Lane
from engine.runtimes.tensorrt.plans import PlanError, Profile

LANES = 2  # of each size: one is computed while the other is copied

log = logging.getLogger(__name__)


class Pool:
    """Networks with the same input, as a runtime. Threads that call it at the same time take turns."""

    def __init__(
        self, device: Device, engines: list[Engine], profile: Profile, sizes: Sequence[int], *, fixed: bool
    ) -> None:
        """`sizes`: of batches, the largest first; smaller ones are tried when memory is full.

        `fixed`: only the batch size varies. Then each size has lanes, and a batch runs in the next larger
        size. Raises OutOfMemoryError, PlanError, DeviceLostError.
        """
        self._device = device
        self._engines = engines
        self._profile = profile
        self._sizes = list(sizes)
        self._fixed = fixed
        self._lanes: dict[int, list[Lane]] = {}
        self._turn = Lock()
        with device.entered():
            self._open()

    def run(self, inputs: Mapping[str, Pixels]) -> Tensors:
        """Run pixels (n, 1, height, width), n at least 1. Raises GpuError."""
        pixels = inputs[self._profile.input]
        with self._turn, self._device.entered():
            while True:
                try:
                    return self._run_batches(pixels)
                except (cuda.MemoryError, OutOfMemoryError) as error:
                    reason = str(error)
                except PlanError:
                    self._device.synchronize()  # raises if the GPU is lost
                    raise
                self._device.synchronize()
                self._close()
                self._shrink(reason)
                self._open()

    def close(self) -> None:
        with self._device.entered():
            self._device.synchronize()
            self._close()

    def _run_batches(self, pixels: Pixels) -> Tensors:
        largest = self._sizes[0]
        started: deque[Lane] = deque()
        parts: list[Tensors] = []
        for turn, first in enumerate(range(0, len(pixels), largest)):
            if len(started) == LANES:
                parts.append(started.popleft().finish())
            batch = pixels[first : first + largest]
            size = min(size for size in self._lanes if size >= len(batch))
            lane = self._lanes[size][turn % LANES]
            lane.start(batch)
            started.append(lane)
        parts += [lane.finish() for lane in started]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _open(self) -> None:
        while not self._lanes:
            sizes = self._sizes if self._fixed else self._sizes[:1]
            try:
                self._lanes = {size: self._new_lanes(size) for size in sizes}
                return
            except (cuda.MemoryError, OutOfMemoryError) as error:
                reason = str(error)
            self._shrink(reason)

    def _new_lanes(self, size: int) -> list[Lane]:
        _, channels, height, width = self._profile.most
        most = (size, channels, height, width)
        return [Lane(self._engines, most, fixed=self._fixed) for _ in range(LANES)]

    def _shrink(self, reason: str) -> None:
        if len(self._sizes) == 1:
            raise OutOfMemoryError(reason)
        del self._sizes[0]
        log.warning("%s: batches of at most %d %s from now on", reason, self._sizes[0], self._profile.input)

    def _close(self) -> None:
        for lane in chain(*self._lanes.values()):
            lane.close()
        self._lanes = {}
