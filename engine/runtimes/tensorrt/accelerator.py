"""Runs the networks in TensorRT once their plans are built and checked, and in ONNX Runtime until then.

A thread reads or builds the plans, loads them and compares them with ONNX Runtime, which serves meanwhile.
They replace it between two batches. `status` says which runtime serves and why; each change is logged once.
"""

import atexit
import logging
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from signal import SIGKILL
from threading import Thread
from typing import TYPE_CHECKING

from engine.card import Card
from engine.runtimes import onnx
from engine.runtimes.fallback import FallbackRuntime
from engine.runtimes.runtime import (
    Cards,
    GpuError,
    LoadedNetworks,
    NoGpuError,
    OutOfMemoryError,
    PrecisionName,
    Runtime,
)
from engine.runtimes.tensorrt import driver
from engine.runtimes.tensorrt.parity import compare_detections, compare_readings
from engine.runtimes.tensorrt.plans import NoPlanError, PlanError, PlanKey, building, plans_folder, read_plan
from ingest.child_process import ends_with_parent
from ingest.settings import data_folder

if TYPE_CHECKING:
    from engine.runtimes.tensorrt.gpu import Gpu

TIMEOUT = 5.0  # seconds for the thread to end

log = logging.getLogger(__name__)

check = driver.check_gpu


def load(cards: Cards, threads: int, precision: PrecisionName) -> LoadedNetworks:
    """Load the networks into ONNX Runtime, with an accelerator that replaces it.

    The weights are those in float32 whatever `precision` is, since plans are compared with ONNX Runtime.
    YuNet stays in ONNX Runtime.
    """
    loaded = onnx.load(cards, threads, "fp32")
    replaced = {"keypoints": cards.keypoints, "emotion": cards.emotion}
    if cards.detector.name == "detector":
        replaced["detector"] = cards.detector
    accelerator = TensorRTAccelerator(replaced, loaded.detector, loaded.resnets, plans_folder(data_folder()))
    return LoadedNetworks(loaded.cards, accelerator.detector, accelerator.resnets, accelerator)


class TensorRTAccelerator:
    """Runs the networks in TensorRT from when their plans pass the comparison until one of them fails."""

    def __init__(self, cards: Mapping[str, Card], detector: Runtime, resnets: Runtime, folder: Path) -> None:
        """`cards`: of `keypoints`, `emotion` and, where it is to run on the GPU, `detector`.

        `detector`, `resnets`: the runtimes to replace; `folder`: of the plans.
        """
        self.detector = FallbackRuntime(detector, self._withdraw)
        self.resnets = FallbackRuntime(resnets, self._withdraw)
        self._cards = cards
        self._folder = folder
        self._keys: dict[str, PlanKey] = {}
        self._gpu: Gpu | None = None
        self._child: subprocess.Popen[str] | None = None
        self._closing = False
        self._may_build = True
        self._thread = Thread(target=self._run, name="tensorrt", daemon=True)
        self.status = "ONNX Runtime serves: TensorRT is being loaded"

    def start(self) -> None:
        """Prepare the plans in a thread, while ONNX Runtime serves."""
        self._thread.start()

    def use_built(self) -> None:
        """Load the plans if all are built; build none, so that one runtime reads a whole recording."""
        self._may_build = False
        self._run()
        atexit.register(self.close)

    def wait(self) -> bool:
        """Wait, perhaps for minutes, until TensorRT serves or has failed; return whether it serves."""
        self._thread.join()
        return self.resnets.replacement is not None

    def close(self) -> None:
        """Stop the thread and the build that it runs, and release the GPU."""
        self._closing = True
        if self._child is not None:
            self._child.kill()
        if self._thread.is_alive():
            self._thread.join(TIMEOUT)
        if self._gpu is None or self._thread.is_alive():
            return
        try:
            self._gpu.close()
        except GpuError as error:  # the end of the process releases it, too
            log.info("%s", error)

    def _run(self) -> None:
        try:
            self._prepare()
        except GpuError as error:
            self._report(error)
        except Exception as error:  # whatever a driver or a library raises, live work goes on without them
            log.debug("tensorrt", exc_info=True)
            self._report(PlanError(f"{type(error).__name__}: {error}"))

    def _prepare(self) -> None:
        scaled = [card.version for card in self._cards.values() if (card.mean, card.deviation) != (0.0, 1.0)]
        if scaled:
            raise PlanError(f"networks must take pixels as they are, but {', '.join(scaled)} scale them")
        try:
            # Imported only after check(): without a driver, TensorRT may end the process.
            from engine.runtimes.tensorrt.gpu import Gpu
        except ImportError as error:
            raise NoGpuError(f"TensorRT cannot be loaded: {error}") from error
        self._gpu = Gpu()
        self._keys = {name: self._gpu.device.key(name, card) for name, card in self._cards.items()}
        cached = any(key.path(self._folder).exists() for key in self._keys.values())
        plans = self._plans()
        try:
            self._serve(self._gpu, plans)
        except PlanError as error:
            if not cached:
                raise
            log.warning("%s: the plans are built again", error)
            self._serve(self._gpu, self._plans())

    def _serve(self, gpu: "Gpu", plans: Mapping[str, bytes]) -> None:
        """Replace ONNX Runtime by the plans if they pass the comparison, else unload them."""
        try:
            resnets = gpu.load_resnets(plans)
            compare_readings(resnets, self.resnets.original, self._cards["emotion"].temperature).check()
            if "detector" in self._cards:
                detector, threshold = gpu.load_detector(plans), self._cards["detector"].threshold
                compare_detections(detector, self.detector.original, threshold).check()
                self.detector.replacement = detector
            self.resnets.replacement = resnets
        except (PlanError, OutOfMemoryError) as error:
            gpu.unload()
            self._delete_failed(error)
            raise
        self.status = f"TensorRT serves on {gpu.device.name}"
        log.info("%s: %s", self.status, ", ".join(card.version for card in self._cards.values()))

    def _plans(self) -> dict[str, bytes]:
        return {name: self._plan(name, key) for name, key in self._keys.items()}

    def _plan(self, name: str, key: PlanKey) -> bytes:
        """Return the plan in the folder; one of the engines that share the folder builds it first."""
        with building(self._folder):
            try:
                return read_plan(self._folder, key)
            except NoPlanError as reason:
                if not self._may_build:
                    raise PlanError(f"{name}: no plan to use ({reason}); an engine builds them") from reason
                self.status = f"ONNX Runtime serves: TensorRT's plan for {name} is being built"
                log.info("%s (%s)", self.status, reason)
            self._build(name)
        try:
            return read_plan(self._folder, key)
        except NoPlanError as error:
            raise PlanError(f"{name}: {error}") from error

    def _build(self, name: str) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "engine.runtimes.tensorrt.build", name, str(self._folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=ends_with_parent(SIGKILL),  # its parent is this thread
        )
        if self._closing:
            self._child.kill()
        _, errors = self._child.communicate()
        if self._child.returncode != 0:
            lines = errors.strip().splitlines() or [f"the build ended with code {self._child.returncode}"]
            raise PlanError(f"{name}: cannot build its plan: {lines[-1]}")

    def _withdraw(self, error: GpuError) -> None:
        """Return all networks to ONNX Runtime: the GPU is not used again after a failure."""
        self.detector.replacement = self.resnets.replacement = None
        self._report(error)
        self._delete_failed(error)

    def _report(self, error: GpuError) -> None:
        if not self._closing:
            self.status = f"ONNX Runtime serves: {error}"
            log.warning("%s", self.status)

    def _delete_failed(self, error: GpuError) -> None:
        """Delete the plans if one of them failed, so that the next engine builds them again."""
        if isinstance(error, PlanError):
            for key in self._keys.values():
                key.path(self._folder).unlink(missing_ok=True)
