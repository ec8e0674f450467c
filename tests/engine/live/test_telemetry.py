"""ONNX Runtime leaves no identifier of this machine behind and reports nothing to its makers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.card import MODELS

PROGRAM = """
import importlib
import sys
importlib.import_module(sys.argv[1])
import onnxruntime
onnxruntime.InferenceSession(sys.argv[2])
"""


@pytest.mark.parametrize("module", ["engine.runtimes.onnx", "training.data.yunet", "training.quantize"])
def test_onnx_runtime_writes_no_identifier_and_sends_nothing(tmp_path: Path, module: str) -> None:
    if module == "training.quantize":
        pytest.importorskip("torch")
    hidden = ("XDG_", "CI", "ORT_")  # other places to write, and other switches
    environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    subprocess.run(
        [sys.executable, "-c", PROGRAM, module, str(MODELS / "keypoints.onnx")],
        env=environment | {"HOME": str(tmp_path)},
        check=True,
    )
    assert list(tmp_path.rglob("*")) == []
