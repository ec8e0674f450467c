"""Runs a weight file in ONNX Runtime on the CPU."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

# Read when the library is loaded: it would give this machine an identifier, and tell its maker what it runs.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime
from numpy.typing import NDArray

Tensors = dict[str, NDArray[np.float32]]
Pixels = NDArray[np.uint8] | NDArray[np.float32]  # whole values 0..255 where they are bytes


class Runtime(Protocol):
    """What the stages ask of an accelerator: named tensors in, named tensors out.

    Pixels may come as bytes where the networks do not scale them otherwise; what comes out is float32.
    """

    def run(self, inputs: Mapping[str, Pixels]) -> Tensors: ...


class OnnxRuntime:
    """One weight file, loaded."""

    def __init__(self, file: Path, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Spinning threads would steal the cores that decode.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(file), sess_options=options, providers=["CPUExecutionProvider"]
        )
        self._outputs = [output.name for output in self._session.get_outputs()]

    def run(self, inputs: Mapping[str, Pixels]) -> Tensors:
        tensors = {name: tensor.astype(np.float32, copy=False) for name, tensor in inputs.items()}
        results = self._session.run(self._outputs, tensors)
        return dict(zip(self._outputs, results, strict=True))
