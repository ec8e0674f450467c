"""The runtime is chosen by a setting or an argument, and refused where the machine cannot run it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.loading import load_networks
from engine.runtimes.runtime import NoGpuError
from engine.runtimes.tensorrt import driver
from engine.settings import EngineSettings
from ingest.environment import SettingError
from tests.engine.runtimes.accelerating import doubled


def test_a_machine_without_a_gpu_uses_onnx_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "LIBRARY", "libcuda.so.none")
    assert load_networks(runtime="auto").accelerator is None
    with pytest.raises(NoGpuError, match="no NVIDIA driver"):
        load_networks(runtime="tensorrt")


def test_the_named_runtime_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with doubled(monkeypatch, "10"):
        accelerator = load_networks(runtime="auto").accelerator
        assert accelerator is not None
        assert accelerator.status == "ONNX Runtime serves: TensorRT is being loaded"
        assert load_networks(runtime="tensorrt").accelerator is not None
        assert load_networks(runtime="onnx").accelerator is None


def test_the_runtime_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert EngineSettings.read("runtime").runtime == "auto"
    monkeypatch.setenv("MIEN_RUNTIME", "tensorrt")
    assert EngineSettings.read("runtime").runtime == "tensorrt"
    monkeypatch.setenv("MIEN_RUNTIME", "cuda")
    with pytest.raises(SettingError, match="must be auto, onnx or tensorrt, got 'cuda'"):
        EngineSettings.read("runtime")


def test_an_engine_without_its_required_gpu_prints_the_reason_and_exits(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "from engine.runtimes.tensorrt import driver\n\ndriver.LIBRARY = 'libcuda.so.none'\n"
    )
    refused = subprocess.run(
        [sys.executable, "-m", "engine", "--runtime", "tensorrt"],
        env=os.environ | {"PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[3]}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 2
    assert refused.stderr.startswith("mien engine: no NVIDIA driver: libcuda.so.none")
    assert len(refused.stderr.splitlines()) == 1
