"""ONNX Runtime serves until TensorRT can, and again once it cannot: the pipeline sees no difference.

Plans are looked for, built, loaded and compared in a thread beside the live work; from one batch to the next
they then serve. What is said of it stands in the log, once, and in /readyz.
"""

import atexit
import logging
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from signal import SIGKILL
from threading import Thread
from typing import TYPE_CHECKING

from engine.card import Card
from engine.runtimes.faults import DeviceLostError, GpuError, NoGpuError, OutOfMemoryError, PlanError
from engine.runtimes.onnx import Pixels, Runtime, Tensors
from engine.runtimes.tensorrt.driver import find_gpu
from engine.runtimes.tensorrt.parity import compare_finds, compare_readings
from engine.runtimes.tensorrt.plans import NoPlanError, PlanKey, building, read_plan
from ingest.parent import ends_with_parent
from ingest.settings import RuntimeName

if TYPE_CHECKING:
    from engine.runtimes.tensorrt.gpu import Gpu

PATIENCE = 5.0  # seconds that the thread may take to end

log = logging.getLogger(__name__)


def can_accelerate(runtime: RuntimeName) -> bool:
    """Whether to use TensorRT where `runtime` is asked for. Raises NoGpuError where it must be and cannot."""
    if runtime == "onnx":
        return False
    try:
        find_gpu()
    except NoGpuError:
        if runtime == "tensorrt":
            raise
        return False
    return True


class Serving:
    """A runtime that serves, and another that may take its place between two batches."""

    def __init__(self, usual: Runtime, refused: Callable[[GpuError], None]) -> None:
        """`refused` hears why the other one cannot serve, and takes it away."""
        self.usual = usual
        self._refused = refused
        self._faster: Runtime | None = None

    def use(self, faster: Runtime | None) -> None:
        """From the next batch on; with None the usual one serves again."""
        self._faster = faster

    @property
    def is_faster(self) -> bool:
        return self._faster is not None

    def run(self, inputs: Mapping[str, Pixels]) -> Tensors:
        """Raises DeviceLostError: nothing helps then but a new process."""
        faster = self._faster
        if faster is None:
            return self.usual.run(inputs)
        try:
            return faster.run(inputs)
        except DeviceLostError:
            raise
        except GpuError as error:  # the batch at hand is read all the same
            self._refused(error)
        return self.usual.run(inputs)


class Acceleration:
    """The networks on the GPU, as soon as and for as long as they can be there."""

    def __init__(self, cards: Mapping[str, Card], finder: Runtime, both: Runtime, folder: Path) -> None:
        """`cards`: of `keypoints`, `emotion`, and of `detector` where that is to be on the GPU, too.

        `finder`, `both`: what serves meanwhile; `folder`: where plans lie.
        """
        self.finder = Serving(finder, self._refuse)
        self.both = Serving(both, self._refuse)
        self._cards = cards
        self._folder = folder
        self._keys: dict[str, PlanKey] = {}
        self._gpu: Gpu | None = None
        self._child: subprocess.Popen[str] | None = None
        self._closing = False
        self._builds = True  # plans that are not there
        self._thread = Thread(target=self._run, name="tensorrt", daemon=True)
        self.told = "ONNX Runtime serves: TensorRT is being loaded"

    def start(self) -> None:
        """Begins, in a thread beside the live work."""
        self._thread.start()

    def use_built(self) -> None:
        """Uses plans that are there, and builds none: a recording is read the same way from end to end."""
        self._builds = False
        self._run()
        atexit.register(self.close)

    def wait(self) -> bool:
        """Until the plans serve, or cannot, which may take minutes; says whether they do."""
        self._thread.join()
        return self.both.is_faster

    def close(self) -> None:
        """Ends what is under way, and leaves the GPU."""
        self._closing = True
        if self._child is not None:
            self._child.kill()
        if self._thread.is_alive():
            self._thread.join(PATIENCE)
        if self._gpu is None or self._thread.is_alive():
            return
        try:
            self._gpu.close()
        except GpuError as error:  # it goes with the process
            log.info("%s", error)

    def _run(self) -> None:
        try:
            self._prepare()
        except GpuError as error:
            self._tell(error)
        except Exception as error:  # whatever a driver or a library throws, live work goes on without them
            log.debug("tensorrt", exc_info=True)
            self._tell(PlanError(f"{type(error).__name__}: {error}"))

    def _prepare(self) -> None:
        scaled = [card.version for card in self._cards.values() if (card.mean, card.deviation) != (0.0, 1.0)]
        if scaled:
            raise PlanError(f"expected networks that take pixels as they are, actual {', '.join(scaled)}")
        self._gpu = gpu = _open_gpu()
        self._keys = {name: gpu.key(name, card) for name, card in self._cards.items()}
        found = {name for name in self._keys if self._is_there(name)}
        plans = self._plans()
        try:
            self._serve(gpu, plans)
        except PlanError as error:
            if not found:  # they have just been built
                raise
            log.warning("%s: the plans are built anew", error)
            self._serve(gpu, self._plans())

    def _serve(self, gpu: "Gpu", plans: Mapping[str, bytes]) -> None:
        """Lets the plans serve, or takes them away again."""
        try:
            self._compare_and_use(gpu, plans)
        except (PlanError, OutOfMemoryError) as error:
            gpu.unload()
            if isinstance(error, PlanError):
                self._forget()
            raise

    def _compare_and_use(self, gpu: "Gpu", plans: Mapping[str, bytes]) -> None:
        """Lets the plans serve once all of them have passed."""
        both = gpu.both(plans)
        compare_readings(both, self.both.usual, self._cards["emotion"].temperature).check()
        if "detector" in self._cards:
            finder = gpu.detector(plans)
            compare_finds(finder, self.finder.usual, self._cards["detector"].threshold).check()
            self.finder.use(finder)
        self.both.use(both)
        self.told = f"TensorRT serves on {gpu.name}"
        log.info("%s: %s", self.told, ", ".join(card.version for card in self._cards.values()))

    def _plans(self) -> dict[str, bytes]:
        return {name: self._plan(name) for name in self._keys}

    def _plan(self, name: str) -> bytes:
        """From the folder, else built first, by one engine of those that share the folder."""
        key = self._keys[name]
        with building(self._folder):
            try:
                return read_plan(self._folder, key)
            except NoPlanError as reason:
                if not self._builds:
                    raise PlanError(f"{name}: no plan to use ({reason}); an engine builds them") from reason
                self.told = f"ONNX Runtime serves: TensorRT's plan for {name} is being built"
                log.info("%s (%s)", self.told, reason)
            self._build(name)
        try:
            return read_plan(self._folder, key)
        except NoPlanError as error:
            raise PlanError(f"{name}: {error}") from error

    def _build(self, name: str) -> None:
        command = [sys.executable, "-m", "engine.runtimes.tensorrt.build", name, str(self._folder)]
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            # It goes with this thread, which waits for it.
            preexec_fn=ends_with_parent(SIGKILL),
        )
        if self._closing:
            self._child.kill()
        _, errors = self._child.communicate()
        if self._child.returncode != 0:
            lines = errors.strip().splitlines() or [f"it ended with code {self._child.returncode}"]
            raise PlanError(f"{name}: its plan is not built: {lines[-1]}")

    def _is_there(self, name: str) -> bool:
        return self._keys[name].path(self._folder).exists()

    def _refuse(self, error: GpuError) -> None:
        """Nothing runs on a GPU that failed once, whichever network it was."""
        self.finder.use(None)
        self.both.use(None)
        self._tell(error)
        if isinstance(error, PlanError):
            self._forget()

    def _tell(self, error: GpuError) -> None:
        if not self._closing:
            self.told = f"ONNX Runtime serves: {error}"
            log.warning("%s", self.told)

    def _forget(self) -> None:
        """The next that asks builds them anew."""
        for key in self._keys.values():
            key.path(self._folder).unlink(missing_ok=True)


def _open_gpu() -> "Gpu":
    """Raises GpuError."""
    try:
        # Only here: with no driver, and that was looked for first, this may end the process.
        from engine.runtimes.tensorrt.gpu import Gpu
    except ImportError as error:
        raise NoGpuError(f"TensorRT cannot be loaded: {error}") from error
    return Gpu()
