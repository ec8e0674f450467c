"""The engine's libraries leave no identifier of this machine behind: nothing is told to their makers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.card import MODELS

ENGINE = """
import sys
from pathlib import Path
from engine.runtimes.onnx import OnnxRuntime
OnnxRuntime(Path(sys.argv[1]))
"""
TRAINING = """
import sys
import training
import onnxruntime
onnxruntime.InferenceSession(sys.argv[1])
"""


@pytest.mark.parametrize("program", [ENGINE, TRAINING])
def test_onnx_runtime_keeps_to_itself(tmp_path: Path, program: str) -> None:
    hidden = ("XDG_", "CI", "ORT_")  # where else it would write, and what else would silence it
    environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    subprocess.run(
        [sys.executable, "-c", program, str(MODELS / "keypoints.onnx")],
        env=environment | {"HOME": str(tmp_path)},
        check=True,
    )
    assert list(tmp_path.rglob("*")) == []
