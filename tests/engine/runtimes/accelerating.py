"""Doubles of TensorRT and pycuda, one TensorRT version at a time; the modules of the engine are real."""

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
MODULES = ("device", "log", "build", "lane", "pool", "gpu")  # of the engine, which import them


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
            module: importlib.import_module(f"engine.runtimes.tensorrt.{module}") for module in MODULES
        }

    @property
    def gpu(self) -> Any:
        """Return the state of the GPU."""
        return self.cuda.gpu

    def called(self, name: str) -> list[tuple[Any, ...]]:
        """Return the arguments of each call of that name."""
        return [call[1:] for call in self.tensorrt.calls if call[0] == name]

    def build_into(self, folder: Path, *names: str) -> dict[str, bytes]:
        """Build the plans of these networks in this process and write them to the folder; return them."""
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
    """Return a network as ONNX for the GPU."""
    return for_gpu(cards()[name].file, half=half)


@contextmanager
def doubled(monkeypatch: pytest.MonkeyPatch, version: str) -> Iterator[Doubles]:
    """Provide TensorRT 8.6, 10 or 11, a driver and a GPU to this process and to those that it starts."""
    path = f"{DOUBLES}:{Path(__file__).parents[3]}"
    monkeypatch.setenv("TENSORRT_DOUBLE", version)
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.syspath_prepend(str(DOUBLES))
    names = (*DOUBLED, *(f"engine.runtimes.tensorrt.{module}" for module in MODULES))
    loaded = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    try:
        doubles = Doubles()
        monkeypatch.setattr(driver, "_library", doubles.cuda.Driver)
        yield doubles
    finally:
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(loaded)


@contextmanager
def accelerated(folder: Path, *names: str) -> Iterator[TensorRTAccelerator]:
    """Start an accelerator of these networks, of the ResNets by default; close it at the end."""
    networks = {name: cards()[name] for name in names or RESNETS}
    accelerator = TensorRTAccelerator(networks, onnx_detector(), onnx_resnets(), folder)
    accelerator.start()
    try:
        yield accelerator
    finally:
        accelerator.close()
