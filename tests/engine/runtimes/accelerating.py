"""TensorRT and pycuda as doubles, one TensorRT version at a time; the engine's own code is the real one."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from engine.card import Card, read_card
from engine.labels import KEYPOINTS, LABELS, LANDMARKS
from engine.runtimes.onnx import OnnxRuntime
from engine.runtimes.resnets import Network, SequentialResNets
from engine.runtimes.tensorrt import driver
from engine.runtimes.tensorrt.accelerator import TensorRTAccelerator
from engine.runtimes.tensorrt.fp16 import for_gpu
from engine.runtimes.tensorrt.plans import write_plan

DOUBLES = Path(__file__).parents[1] / "doubles"
DOUBLED = ("tensorrt", "pycuda", "pycuda.driver")
RESNETS = ("keypoints", "emotion")
HOMES = ("device", "log", "build", "lane", "pool", "gpu")  # of the doubled libraries


@cache
def cards() -> dict[str, Card]:
    outputs = {"keypoints": KEYPOINTS, "emotion": LABELS, "detector": LANDMARKS}
    return {name: read_card(name, expected) for name, expected in outputs.items()}


def onnx_detector() -> OnnxRuntime:
    return OnnxRuntime(cards()["detector"].file)


def onnx_resnets() -> SequentialResNets:
    keypoints, emotion = cards()["keypoints"], cards()["emotion"]
    return SequentialResNets(
        Network(OnnxRuntime(keypoints.file), keypoints), Network(OnnxRuntime(emotion.file), emotion)
    )


class Doubles:
    """The doubled libraries, and the engine's modules that were loaded with them."""

    def __init__(self) -> None:
        self.tensorrt = importlib.import_module("tensorrt")
        self.cuda = importlib.import_module("pycuda.driver")
        self.engine: dict[str, ModuleType] = {
            home: importlib.import_module(f"engine.runtimes.tensorrt.{home}") for home in HOMES
        }

    @property
    def gpu(self) -> Any:
        """The GPU's state."""
        return self.cuda.gpu

    def called(self, name: str) -> list[tuple[Any, ...]]:
        """The arguments of each call of that name."""
        return [call[1:] for call in self.tensorrt.calls if call[0] == name]

    def build_into(self, folder: Path, *names: str) -> dict[str, bytes]:
        """The plans of these networks, built in this process and put into the folder."""
        build, device = self.engine["build"], self.engine["device"].Device()
        plans = {}
        for name in names:
            key = device.key(name, cards()[name])
            with device.entered():
                plans[name] = build.build(_prepared(name, build.strongly_typed()), key.profile)
            write_plan(folder, key, plans[name])
        return plans


@cache
def _prepared(name: str, half: bool) -> bytes:
    """A network's ONNX for the GPU."""
    return for_gpu(cards()[name].file, half=half)


@contextmanager
def doubled(monkeypatch: pytest.MonkeyPatch, version: str) -> Iterator[Doubles]:
    """TensorRT 8.6, 10 or 11 with a driver and a GPU, for this process and those that it starts."""
    path = f"{DOUBLES}:{Path(__file__).parents[3]}"
    monkeypatch.setenv("TENSORRT_DOUBLE", version)
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.syspath_prepend(str(DOUBLES))
    ours = (*DOUBLED, *(f"engine.runtimes.tensorrt.{home}" for home in HOMES))
    kept = {name: sys.modules.pop(name) for name in ours if name in sys.modules}
    try:
        doubles = Doubles()
        monkeypatch.setattr(driver, "_library", doubles.cuda.Driver)
        yield doubles
    finally:
        for name in ours:
            sys.modules.pop(name, None)
        sys.modules.update(kept)


@contextmanager
def accelerated(folder: Path, *names: str) -> Iterator[TensorRTAccelerator]:
    """ONNX Runtime, and TensorRT to take its place; started. `names`: of the networks, else the ResNets."""
    taken = {name: cards()[name] for name in names or RESNETS}
    accelerator = TensorRTAccelerator(taken, onnx_detector(), onnx_resnets(), folder)
    accelerator.start()
    try:
        yield accelerator
    finally:
        accelerator.close()
