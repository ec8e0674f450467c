"""ONNX Runtime on the CPU."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

# Read when the library is loaded. Without it, the library creates an identifier of this machine and reports
# what it runs.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

from engine.runtimes.cpu import select_weights
from engine.runtimes.resnets import Network, SequentialResNets
from engine.runtimes.runtime import Cards, LoadedNetworks, Pixels, PrecisionName, Runtime, Tensors
from engine.runtimes.yunet import YuNetRuntime


class OnnxRuntime:
    """One weight file in a session of ONNX Runtime."""

    def __init__(self, file: Path, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Spinning threads would take cores from the decoders.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(file), options, ["CPUExecutionProvider"])
        self._outputs = [output.name for output in self._session.get_outputs()]

    def run(self, inputs: Mapping[str, Pixels]) -> Tensors:
        tensors = {name: tensor.astype(np.float32, copy=False) for name, tensor in inputs.items()}
        results = self._session.run(self._outputs, tensors)
        return dict(zip(self._outputs, results, strict=True))


def check() -> None:
    """Do nothing: ONNX Runtime runs on every CPU."""


def load(cards: Cards, threads: int, precision: PrecisionName) -> LoadedNetworks:
    """Load all networks, the ResNets in 8 bits where `precision` and the CPU allow it."""
    keypoints, emotion = select_weights(cards.keypoints, precision), select_weights(cards.emotion, precision)
    detector: Runtime = OnnxRuntime(cards.detector.file, threads)
    if cards.detector.name == "yunet":
        detector = YuNetRuntime(detector)
    resnets = SequentialResNets(
        keypoints=Network(OnnxRuntime(keypoints.file, threads), keypoints),
        emotion=Network(OnnxRuntime(emotion.file, threads), emotion),
    )
    return LoadedNetworks(Cards(cards.detector, keypoints, emotion), detector, resnets)
