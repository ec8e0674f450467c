"""An 8-bit network has about the same outputs as its original, else it is not shipped."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor

from engine.runtimes.onnx import OnnxRuntime
from training.emotion.network import EmotionNetwork
from training.export import EMOTION, ExportError, export
from training.quantize import Candidate, quantize, ship
from training.resnet import Trunk

CARD: dict[str, Any] = {"temperature": 1.0, "metrics": {}}


@pytest.fixture
def crops() -> Tensor:
    return 255 * torch.rand(8, 1, 96, 96, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def original(tmp_path: Path, crops: Tensor) -> Path:
    """Return the file of an untrained network, with its card beside it."""
    torch.manual_seed(0)
    network = EmotionNetwork(Trunk(8, 3, [16, 16], [1, 1]), dropout=0.0).eval()
    return export(network, [crops[:2], crops[:3]], EMOTION, CARD, tmp_path)


def test_an_8_bit_network_has_about_the_outputs_of_its_original(
    original: Path, crops: Tensor, tmp_path: Path
) -> None:
    quantized = tmp_path / "quantized.onnx"
    quantize(original, [{"crops": crop[None].numpy()} for crop in crops], quantized)
    before, after = (
        OnnxRuntime(file).run({"crops": crops.numpy()})["logits"] for file in (original, quantized)
    )
    assert 0 < np.abs(after - before).max() < 0.1 * np.abs(before).max()
    stored = {tensor.name: tensor.data_type for tensor in onnx.load(quantized).graph.initializer}
    kinds = [kind for name, kind in stored.items() if "head" in name]
    assert kinds
    assert set(kinds) == {onnx.TensorProto.FLOAT}
    assert onnx.TensorProto.INT8 in stored.values()


def test_it_is_shipped_beside_its_original_unless_its_accuracy_drops_too_much(
    original: Path, crops: Tensor, tmp_path: Path
) -> None:
    accuracies = iter([0.85, 0.9, 0.88, 0.9])  # quantized, original; then again
    inputs = [{"crops": crop[None].numpy()} for crop in crops]
    candidate = Candidate("emotion", inputs, "accuracy", lambda _: next(accuracies), tolerance=0.03)
    before = original.with_suffix(".json").read_text()
    with pytest.raises(
        ExportError, match=r"^8 bits change accuracy of emotion from 0\.9 to 0\.85; at most 0\.03 is allowed$"
    ):
        ship(candidate, tmp_path)
    assert original.with_suffix(".json").read_text() == before
    assert not (tmp_path / "emotion.int8.onnx").exists()
    assert ship(candidate, tmp_path).startswith("emotion: accuracy 0.9000 -> 0.8800, ")
    entry = json.loads(original.with_suffix(".json").read_text())["int8"]
    sha256 = hashlib.sha256((tmp_path / entry["file"]).read_bytes()).hexdigest()
    assert (entry["sha256"], entry["validation"]) == (sha256, {"accuracy": 0.88})
